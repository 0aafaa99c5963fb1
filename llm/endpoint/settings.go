package endpoint

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"triagent/connectors/fetch"
	"triagent/internal/errs"
)

// Settings say where a model answers. URL, Kind and Model are needed. Of what
// fetch.Settings hold Retries is not used: a pool knows where else to ask.
type Settings struct {
	fetch.Settings `yaml:",inline"`

	Kind  string `yaml:"kind"`  // openai (and all that speak it), anthropic or ollama
	Name  string `yaml:"name"`  // as people call it; empty: the model
	Model string `yaml:"model"` // as the server calls it
	// Window is how many tokens the model takes, question and answer together; 0:
	// it is not known, and the server says when it is too much.
	Window int `yaml:"window"`
	Weight int `yaml:"weight"` // share of the questions where they go by weight; 0: 1
	// PerMinute bounds questions, TokensPerMinute what they hold; 0: no bound.
	PerMinute       int   `yaml:"per_minute"`
	TokensPerMinute int   `yaml:"tokens_per_minute"`
	Price           Price `yaml:"price"`
	// Schema is false where the server refuses to be bound to a JSON schema; the
	// question then tells it. Nil: yes.
	Schema *bool `yaml:"schema"`
}

// Price is in US dollars for a million tokens.
type Price struct {
	Prompt     float64 `yaml:"prompt"`
	Completion float64 `yaml:"completion"`
}

// USD is what tokens cost.
func (p Price) USD(prompt, completion int) float64 {
	return (p.Prompt*float64(prompt) + p.Completion*float64(completion)) / 1e6
}

// The kinds of server.
const (
	OpenAI    = "openai"
	Anthropic = "anthropic"
	Ollama    = "ollama"
)

// Kinds are all of them.
var Kinds = []string{Anthropic, Ollama, OpenAI}

// Validate says what is wrong with the settings.
func (s *Settings) Validate() error {
	switch {
	case !slices.Contains(Kinds, s.Kind):
		return errs.New(errs.Invalid, "kind: %.40q is none; there are: %s", s.Kind, strings.Join(Kinds, ", "))
	case s.Model == "":
		return errs.New(errs.Invalid, "model: it is needed, as the server calls it")
	case len(s.Name) > 60:
		return errs.New(errs.Invalid, "name: it has %d bytes, and may have 60", len(s.Name))
	case s.Window != 0 && (s.Window < 1024 || s.Window > 10_000_000):
		return errs.New(errs.Invalid, "window: it is %d tokens, and may be 1024 to 10000000", s.Window)
	case s.Weight < 0 || s.Weight > 1000:
		return errs.New(errs.Invalid, "weight: it is %d, and may be 1 to 1000", s.Weight)
	case s.PerMinute < 0 || s.TokensPerMinute < 0:
		return errs.New(errs.Invalid, "per_minute and tokens_per_minute may not be negative")
	case !(s.Price.Prompt >= 0 && s.Price.Completion >= 0 && s.Price.Prompt < 1e6 && s.Price.Completion < 1e6):
		return errs.New(errs.Invalid, "price: it is in US dollars for a million tokens, and not negative")
	case s.Kind == Anthropic && s.Token == "":
		return errs.New(errs.Invalid, "token: it is needed, the key of the account")
	}
	return s.Settings.Validate()
}

// fill sets what was left out.
func (s *Settings) fill() {
	s.Name = cmp.Or(s.Name, s.Model)
	s.Weight = cmp.Or(s.Weight, 1)
	s.Timeout = cmp.Or(s.Timeout, defaultTimeout)
	s.Rate = cmp.Or(s.Rate, 1000)
	if s.PerMinute > 0 {
		s.Rate = min(s.Rate, float64(s.PerMinute)/60)
	}
}

// defaultTimeout is how long an answer may take where nothing else is said.
const defaultTimeout = 60 * time.Second

// bound reports whether the server binds the model to a schema.
func (s *Settings) bound() bool { return s.Kind != Anthropic && (s.Schema == nil || *s.Schema) }
