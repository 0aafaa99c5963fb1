// Package teams sends messages to a channel or a chat of Microsoft Teams
// through a webhook of its Workflows app, as Adaptive Cards. A workflow cannot
// change what it posted, so every message is a new card.
//
// Teams takes about 28 KB in a message and 4 requests a second. Foreign text
// stands in runs of rich text blocks, which know no Markdown; the card brings no
// mention entities, so nobody is mentioned.
package teams

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"triagent/connectors"
	"triagent/connectors/outgoing"
	"triagent/internal/errs"
)

// maxText bounds one text and maxBody the whole request, in bytes. Teams says
// 28 KB and was seen to refuse less.
const (
	maxText = 6_000
	maxBody = 20_000
)

// Config says where to send. The URL is a secret.
type Config struct {
	URL    connectors.Secret // "When a Teams webhook request is received"
	Client *http.Client      // nil: one of outgoing.Guard
}

// Validate says what is wrong, of kind errs.Invalid.
func (c Config) Validate() error { return outgoing.CheckURL("url", c.URL) }

type sender struct{ Config }

var _ connectors.Sender = sender{}

// New returns a sender to one channel or chat.
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
	envelope struct {
		Type        string       `json:"type"`
		Attachments []attachment `json:"attachments"`
	}
	attachment struct {
		ContentType string  `json:"contentType"`
		ContentURL  *string `json:"contentUrl"` // null, as asked for
		Content     card    `json:"content"`
	}
	card struct {
		Schema  string            `json:"$schema"`
		Type    string            `json:"type"`
		Version string            `json:"version"`
		Body    []block           `json:"body"`
		Actions []action          `json:"actions,omitempty"`
		Teams   map[string]string `json:"msteams"`
	}
	block struct {
		Type    string `json:"type"`
		Inlines []run  `json:"inlines"`
		Spacing string `json:"spacing,omitempty"`
	}
	run struct {
		Type   string `json:"type"`
		Text   string `json:"text"`
		Size   string `json:"size,omitempty"`
		Weight string `json:"weight,omitempty"`
		Color  string `json:"color,omitempty"`
	}
	action struct {
		Type  string `json:"type"`
		Title string `json:"title"`
		URL   string `json:"url"`
	}
)

// Send sends a new card; there is no receipt.
func (s sender) Send(ctx context.Context, m connectors.Message, _ connectors.Receipt) (connectors.Receipt, error) {
	m = outgoing.Bound(m)
	body, err := json.Marshal(wrap(lay(m, maxText)))
	for limit := maxText / 2; err == nil && len(body) > maxBody && limit > 100; limit /= 2 {
		body, err = json.Marshal(wrap(lay(m, limit)))
	}
	if err != nil {
		return "", err
	}
	answer, err := outgoing.PostJSON(ctx, s.Client, s.URL, body, nil)
	if err != nil {
		return "", err
	}
	return "", check(answer)
}

func wrap(c card) envelope {
	return envelope{"message", []attachment{{ContentType: "application/vnd.microsoft.card.adaptive", Content: c}}}
}

// lay lays the message out with at most limit bytes in each text.
func lay(m connectors.Message, limit int) card {
	c := card{
		Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.2",
		Teams: map[string]string{"width": "Full"},
	}
	title := text(outgoing.Line(m.Title), min(limit, 400))
	title.Size, title.Weight, title.Color = "Medium", "Bolder", colour(m)
	c.Body = append(c.Body, block{Type: "RichTextBlock", Inlines: []run{title}})
	if m.Text != "" {
		c.Body = append(c.Body, block{Type: "RichTextBlock", Inlines: []run{text(m.Text, limit)}})
	}
	for _, f := range m.Fields[:min(len(m.Fields), 12)] {
		name := text(outgoing.Line(f.Name)+": ", 100)
		name.Weight = "Bolder"
		c.Body = append(c.Body, block{"RichTextBlock", []run{name, text(outgoing.Line(f.Value), min(limit, 300))}, "None"})
	}
	for i, step := range m.Steps[:min(len(m.Steps), 12)] {
		c.Body = append(c.Body, block{Type: "RichTextBlock", Inlines: []run{text(fmt.Sprintf("%d. %s", i+1, outgoing.Line(step)), min(limit, 800))}, Spacing: "Small"})
	}
	if link := outgoing.Link(m.URL); link != "" {
		name := m.Incident
		if name == "" {
			name = "Triagent"
		}
		c.Actions = []action{{"Action.OpenUrl", outgoing.Clip(name, 60), link}}
	}
	return c
}

func text(s string, limit int) run {
	return run{Type: "TextRun", Text: outgoing.ClipBytes(outgoing.Inert(s), limit)}
}

func colour(m connectors.Message) string {
	switch {
	case m.Status == "resolved":
		return "Good"
	case m.Severity == "critical", m.Severity == "major":
		return "Attention"
	case m.Severity == "warning":
		return "Warning"
	}
	return "Default"
}

// check finds the error that a 200 may hold: connectors of the old kind, which
// some tenants still put behind the URL, answer 200 with a sentence.
func check(answer []byte) error {
	said := outgoing.Clip(outgoing.Line(string(answer)), 200)
	low := strings.ToLower(said)
	switch {
	case strings.Contains(low, "http error 429"):
		return outgoing.Unavailable(0, "Teams answered: %s", said)
	case strings.Contains(low, "http error 5"):
		return errs.New(errs.Unavailable, "Teams answered: %s", said)
	case strings.Contains(low, "webhook message delivery failed"), strings.Contains(low, "http error 4"):
		return errs.New(errs.Invalid, "Teams answered: %s", said)
	}
	return nil
}
