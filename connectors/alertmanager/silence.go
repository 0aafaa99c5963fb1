package alertmanager

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/pkg/labels"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/incident"
)

// silence is one as /api/v2/silences gives it; those that are over are kept for
// five days, as a rule.
type silence struct {
	StartsAt  time.Time     `json:"startsAt"`
	EndsAt    time.Time     `json:"endsAt"`
	CreatedBy string        `json:"createdBy"`
	Comment   string        `json:"comment"`
	Matchers  []wireMatcher `json:"matchers"`
}

type wireMatcher struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	IsRegex bool   `json:"isRegex"`
	IsEqual *bool  `json:"isEqual"` // nil: it is
}

func (m *wireMatcher) exact() bool { return !m.IsRegex && (m.IsEqual == nil || *m.IsEqual) }

func (m *wireMatcher) String() string {
	op := "="
	switch {
	case m.IsEqual != nil && !*m.IsEqual && m.IsRegex:
		op = "!~"
	case m.IsEqual != nil && !*m.IsEqual:
		op = "!="
	case m.IsRegex:
		op = "=~"
	}
	return fmt.Sprintf("%s%s%q", m.Name, op, m.Value)
}

func (s *Source) silences(ctx context.Context) ([]silence, error) {
	var out []silence
	if err := s.http.JSON(ctx, fetch.Request{Path: "/api/v2/silences"}, &out); err != nil {
		return nil, err
	}
	for _, x := range out {
		if x.StartsAt.IsZero() || x.EndsAt.IsZero() {
			return nil, notLike("a silence without beginning or end")
		}
	}
	slices.SortStableFunc(out, func(a, b silence) int { return a.StartsAt.Compare(b.StartsAt) })
	return out, nil
}

// during reports whether the silence held in a part of a span.
func (x *silence) during(span incident.Window) bool {
	return x.StartsAt.Before(span.To) && x.EndsAt.After(span.From) && x.StartsAt.Before(x.EndsAt)
}

// concerns reports whether a silence may be about the system: unless it is about
// another value of a label that match asks for.
func (s *Source) concerns(x silence) bool {
	return !slices.ContainsFunc(s.match, func(m *labels.Matcher) bool {
		return slices.ContainsFunc(x.Matchers, func(w wireMatcher) bool {
			return w.Name == m.Name && w.exact() && !m.Matches(w.Value)
		})
	})
}

// giveSilences hands silences over as maintenance. One that began before the
// span stands at its beginning.
func (s *Source) giveSilences(list []silence, span incident.Window, known names, to connectors.Sink) error {
	for _, x := range list {
		if !x.during(span) || !s.concerns(x) {
			continue
		}
		exact := make(map[string]string)
		var about []string
		for _, m := range x.Matchers {
			about = append(about, m.String())
			if m.exact() {
				exact[m.Name] = m.Value
			}
		}
		node := known.find(exact, s.c.NodeLabels)
		if node != "" && !known.has(node) {
			continue
		}
		from := x.StartsAt
		since := ""
		if from.Before(span.From) {
			from, since = span.From, " since "+x.StartsAt.UTC().Format(time.RFC3339)
		}
		text := fmt.Sprintf("alerts with {%s} are silenced%s until %s by %s: %s",
			strings.Join(about, ","), since, x.EndsAt.UTC().Format(time.RFC3339), x.CreatedBy, x.Comment)
		if err := to.Change(connectors.Change{
			Node: node, Kind: "maintenance", Time: from.UnixNano(), Text: clip(text, 1000), Query: s.query("/api/v2/silences"),
		}); err != nil {
			return err
		}
	}
	return nil
}

// clip makes foreign text one line that ends.
func clip(text string, most int) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}
