// Package mattermost sends messages to a channel of Mattermost through an
// incoming webhook. Such a webhook cannot change what it posted, so every
// message is a new post.
//
// A post may have 16,383 characters. Foreign text is escaped for Mattermost's
// Markdown, with gaps in what becomes a mention, a hashtag, a channel link, an
// emoji or a link.
package mattermost

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"triagent/connectors"
	"triagent/connectors/outgoing"
	"triagent/internal/errs"
)

// maxText bounds each of the texts of a post, in characters.
const maxText = 7_000

// Config says where to send. The URL is a secret.
type Config struct {
	URL    connectors.Secret // incoming webhook
	Client *http.Client      // nil: one of outgoing.Guard
}

// Validate says what is wrong, of kind errs.Invalid.
func (c Config) Validate() error { return outgoing.CheckURL("url", c.URL) }

type sender struct{ Config }

var _ connectors.Sender = sender{}

// New returns a sender to the channel of the webhook.
func New(c Config) (connectors.Sender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Client == nil {
		c.Client = outgoing.Guard{}.Client(0)
	}
	return sender{c}, nil
}

type (
	post struct {
		Username    string       `json:"username"`
		Attachments []attachment `json:"attachments"`
	}
	attachment struct {
		Fallback  string  `json:"fallback"`
		Color     string  `json:"color"`
		Title     string  `json:"title"`
		TitleLink string  `json:"title_link,omitempty"`
		Text      string  `json:"text"`
		Fields    []field `json:"fields"`
	}
	field struct {
		Title string `json:"title"`
		Value string `json:"value"`
		Short bool   `json:"short"`
	}
)

// Send sends a new post; there is no receipt.
func (s sender) Send(ctx context.Context, m connectors.Message, _ connectors.Receipt) (connectors.Receipt, error) {
	m = outgoing.Bound(m)
	title := escape(outgoing.Clip(outgoing.Line(m.Title), 300))
	a := attachment{Fallback: title, Color: colour(m), Title: title, TitleLink: outgoing.Link(m.URL), Text: text(m), Fields: []field{}}
	for _, f := range m.Fields[:min(len(m.Fields), 12)] {
		value := outgoing.Line(f.Value)
		a.Fields = append(a.Fields, field{escape(outgoing.Clip(outgoing.Line(f.Name), 100)), escape(outgoing.Clip(value, 200)), len(value) < 40})
	}
	body, err := json.Marshal(post{"Triagent", []attachment{a}})
	if err != nil {
		return "", err
	}
	answer, err := outgoing.PostJSON(ctx, s.Client, s.URL, body, nil)
	if err != nil {
		return "", err
	}
	if said := strings.TrimSpace(string(answer)); said != "ok" {
		return "", errs.New(errs.Invalid, "Mattermost answered: %s", outgoing.Clip(outgoing.Line(said), 200))
	}
	return "", nil
}

func text(m connectors.Message) string {
	var b strings.Builder
	b.WriteString(escape(outgoing.Clip(outgoing.Line(m.Text), 2000)))
	if len(m.Steps) > 0 {
		b.WriteString("\n")
	}
	for i, step := range m.Steps {
		line := fmt.Sprintf("\n%d. %s", i+1, escape(outgoing.Clip(outgoing.Line(step), 500)))
		if b.Len()+len(line) > maxText {
			break
		}
		b.WriteString(line)
	}
	return b.String()
}

// escape makes foreign text plain in Mattermost's Markdown.
func escape(s string) string {
	var b strings.Builder
	rs := []rune(outgoing.Inert(s))
	if len(rs) > 0 && strings.ContainsRune("-+=0123456789", rs[0]) { // no list, no heading
		b.WriteString(outgoing.Gap)
	}
	for i, r := range rs {
		if strings.ContainsRune("\\`*_{}[]<>#!|~&$", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		if i+1 < len(rs) && strings.ContainsRune("#~:", r) && (unicode.IsLetter(rs[i+1]) || rs[i+1] == '+' || rs[i+1] == '-' || rs[i+1] == '_') {
			b.WriteString(outgoing.Gap)
		}
	}
	return b.String()
}

func colour(m connectors.Message) string {
	switch {
	case m.Status == "resolved":
		return "#2e7d32"
	case m.Severity == "critical":
		return "#c62828"
	case m.Severity == "major":
		return "#ef6c00"
	case m.Severity == "warning":
		return "#f9a825"
	}
	return "#1565c0"
}
