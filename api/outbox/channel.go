package outbox

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"triagent/connectors"
	"triagent/connectors/dingtalk"
	"triagent/connectors/email"
	"triagent/connectors/feishu"
	"triagent/connectors/loki"
	"triagent/connectors/mattermost"
	"triagent/connectors/slack"
	"triagent/connectors/teams"
	"triagent/connectors/webhook"
	"triagent/connectors/wecom"
	"triagent/internal/errs"
	"triagent/report"
	"triagent/store"
)

// hidden is what is shown in place of a secret, and what keeps it when sent
// back.
const hidden = "***"

// config is the configuration of a channel of any kind, as it is stored, with
// its secrets sealed, and as the API takes it, with them in the clear.
type config struct {
	Lang       string            `json:"lang,omitempty"`
	Token      string            `json:"token,omitempty"`       // slack; secret
	Channel    string            `json:"channel,omitempty"`     // slack
	WebhookURL string            `json:"webhook_url,omitempty"` // slack; secret
	URL        string            `json:"url,omitempty"`         // all others but email; secret
	Secret     string            `json:"secret,omitempty"`      // webhook, dingtalk, feishu; secret
	Headers    map[string]string `json:"headers,omitempty"`     // webhook; values secret
	To         []string          `json:"to,omitempty"`          // email
	Tenant     string            `json:"tenant,omitempty"`      // loki
	Labels     map[string]string `json:"labels,omitempty"`      // loki
}

// keys lists what each kind of channel may be configured with, beside lang.
var keys = map[string][]string{
	"slack":      {"token", "channel", "webhook_url"},
	"webhook":    {"url", "secret", "headers"},
	"email":      {"to"},
	"teams":      {"url"},
	"mattermost": {"url"},
	"dingtalk":   {"url", "secret"},
	"wecom":      {"url"},
	"feishu":     {"url", "secret"},
	"loki":       {"url", "tenant", "labels"},
}

// maxConfig bounds the JSON of a configuration.
const maxConfig = 32 << 10

// parseConfig reads the configuration of a kind strictly.
func parseConfig(kind string, raw []byte) (config, error) {
	allowed, ok := keys[kind]
	if !ok {
		return config{}, errs.New(errs.Invalid, "kind: %q is none of %s", kind, strings.Join(slices.Sorted(maps.Keys(keys)), ", "))
	}
	if len(raw) > maxConfig {
		return config{}, errs.New(errs.Invalid, "config: it is larger than %d bytes", maxConfig)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return config{}, errs.New(errs.Invalid, "config: it is not an object")
	}
	for _, k := range slices.Sorted(maps.Keys(all)) {
		if k != "lang" && !slices.Contains(allowed, k) {
			return config{}, errs.New(errs.Invalid, "config: a channel of kind %s has no %q; it has %s, lang", kind, k, strings.Join(allowed, ", "))
		}
	}
	var c config
	dec := json.NewDecoder(bytes.NewReader(raw))
	if err := dec.Decode(&c); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return config{}, errs.New(errs.Invalid, "config: %s is not a %s", wrong.Field, typeName(wrong.Type.Kind().String()))
		}
		return config{}, errs.New(errs.Invalid, "config: it cannot be read")
	}
	if c.Lang != "" && c.Lang != string(report.English) && c.Lang != string(report.Chinese) {
		return config{}, errs.New(errs.Invalid, "config: lang is en or zh")
	}
	return c, nil
}

func typeName(kind string) string {
	switch kind {
	case "slice":
		return "list"
	case "map":
		return "object"
	}
	return "text"
}

// secrets calls f with every secret of the configuration, by name, and puts
// what it returns in its place.
func (c *config) secrets(f func(name, value string) (string, error)) error {
	for _, s := range []struct {
		name  string
		value *string
	}{{"token", &c.Token}, {"webhook_url", &c.WebhookURL}, {"url", &c.URL}, {"secret", &c.Secret}} {
		v, err := f(s.name, *s.value)
		if err != nil {
			return err
		}
		*s.value = v
	}
	headers := make(map[string]string, len(c.Headers))
	for _, k := range slices.Sorted(maps.Keys(c.Headers)) {
		v, err := f("headers."+k, c.Headers[k])
		if err != nil {
			return err
		}
		headers[k] = v
	}
	if len(headers) > 0 {
		c.Headers = headers
	}
	return nil
}

// shown is a stored configuration with its secrets hidden.
func shown(raw []byte) (json.RawMessage, error) {
	var c config
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, errs.New(errs.Internal, "the stored configuration of a channel cannot be read")
	}
	err := c.secrets(func(_, v string) (string, error) {
		if v != "" {
			v = hidden
		}
		return v, nil
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(c)
}

// field names what a secret belongs to.
func field(channel, name string) string { return "channel/" + channel + "/" + name }

// opened is a stored configuration in the clear.
func (o *Outbox) opened(ch store.Channel) (config, error) {
	var c config
	if err := json.Unmarshal(ch.Config, &c); err != nil {
		return c, errs.New(errs.Internal, "the stored configuration of channel %s cannot be read", ch.Name)
	}
	err := c.secrets(func(name, v string) (string, error) { return o.sealer.Open(field(ch.ID, name), v) })
	return c, err
}

// sealed makes what is stored from a configuration in the clear.
func (o *Outbox) sealed(channel string, c config) ([]byte, error) {
	if err := c.secrets(func(name, v string) (string, error) { return o.sealer.Seal(field(channel, name), v) }); err != nil {
		return nil, err
	}
	return json.Marshal(c)
}

// kept puts the secrets of before where new ones read "***". Where the address
// changes, secrets must be entered anew, so that they cannot be sent elsewhere.
func kept(c *config, before config) error {
	old := map[string]string{}
	if err := before.secrets(func(name, v string) (string, error) { old[name] = v; return v, nil }); err != nil {
		return err
	}
	moved := c.URL != "" && c.URL != hidden && c.URL != before.URL
	return c.secrets(func(name, v string) (string, error) {
		if v != hidden {
			return v, nil
		}
		was, ok := old[name]
		if !ok || was == "" {
			return "", errs.New(errs.Invalid, "config: %s is not known: enter it", name)
		}
		if moved {
			return "", errs.New(errs.Invalid, "config: with another url, enter %s again", name)
		}
		return was, nil
	})
}

// made is a sender with what it was made from.
type made struct {
	version int64
	kind    string
	lang    report.Lang
	sender  connectors.Sender
}

// goodName reports whether a channel may be called so: one line of 1 to 100
// characters, none of them invisible.
func goodName(name string) bool {
	return name != "" && utf8.ValidString(name) && utf8.RuneCountInString(name) <= 100 &&
		!strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(unicode.C, r) })
}

// sender makes the sender of a configuration in the clear.
func (o *Outbox) sender(kind string, c config) (connectors.Sender, error) {
	secret := func(s string) connectors.Secret { return connectors.Secret(s) }
	switch kind {
	case "slack":
		return slack.NewSender(slack.SendConfig{Token: secret(c.Token), Channel: c.Channel, WebhookURL: secret(c.WebhookURL), APIURL: o.c.SlackAPI, Client: o.client})
	case "webhook":
		headers := map[string]connectors.Secret{}
		for k, v := range c.Headers {
			headers[k] = secret(v)
		}
		return webhook.NewPoster(webhook.PostConfig{URL: secret(c.URL), Secret: secret(c.Secret), Headers: headers, Client: o.client, Now: o.c.Now})
	case "email":
		return email.New(email.Config{Server: o.c.SMTP, To: c.To, Log: o.c.Log})
	case "teams":
		return teams.New(teams.Config{URL: secret(c.URL), Client: o.client})
	case "mattermost":
		return mattermost.New(mattermost.Config{URL: secret(c.URL), Client: o.client})
	case "dingtalk":
		return dingtalk.New(dingtalk.Config{URL: secret(c.URL), Secret: secret(c.Secret), Client: o.client, Now: o.c.Now})
	case "wecom":
		return wecom.New(wecom.Config{URL: secret(c.URL), Client: o.client})
	case "feishu":
		return feishu.New(feishu.Config{URL: secret(c.URL), Secret: secret(c.Secret), Client: o.client, Now: o.c.Now})
	case "loki":
		return loki.New(loki.Config{URL: secret(c.URL), Tenant: c.Tenant, Labels: c.Labels, Guard: o.c.Guard})
	}
	return nil, errs.New(errs.Invalid, "kind: %q is unknown", kind)
}

// of returns the sender of a stored channel, made once for each version.
func (o *Outbox) of(ch store.Channel) (made, error) {
	o.mu.Lock()
	m, ok := o.senders[ch.ID]
	o.mu.Unlock()
	if ok && m.version == ch.Version {
		return m, nil
	}
	c, err := o.opened(ch)
	if err != nil {
		return made{kind: ch.Kind}, err
	}
	s, err := o.sender(ch.Kind, c)
	if err != nil {
		return made{kind: ch.Kind}, err
	}
	m = made{ch.Version, ch.Kind, o.c.Lang, s}
	if c.Lang != "" {
		m.lang = report.Lang(c.Lang)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.senders) > 1000 { // channels come and go
		clear(o.senders)
	}
	o.senders[ch.ID] = m
	return m, nil
}

func checkName(name string) error {
	if !goodName(name) || strings.TrimSpace(name) != name {
		return errs.New(errs.Invalid, "name: it is empty, longer than 100 characters or has control characters")
	}
	return nil
}

// describe is what a test that went well says.
func describe(kind string, c config) string {
	switch kind {
	case "email":
		return fmt.Sprintf("The mail server took a message to %s.", strings.Join(c.To, ", "))
	case "slack":
		if c.Channel != "" {
			return "Slack posted a message in " + c.Channel + "."
		}
	}
	return "The other end took the message."
}

// newID makes the ID of a channel.
func newID() string { return "ch-" + strings.ToLower(rand.Text()[:16]) }
