// Package wecom sends messages to a group of WeCom through its message push
// webhook (formerly group robot). It cannot change what it sent, so every
// message is a new one.
//
// WeCom takes 20 messages a minute and 4,096 bytes of Markdown in each. Its
// Markdown knows no escapes, mentions people by <@user> and colours by <font>:
// in foreign text the characters of markup are replaced by their full-width
// forms.
package wecom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/connectors/outgoing"
	"triagent/internal/errs"
)

// maxText is how many bytes of Markdown are taken.
const maxText = 4096

// Config says where to send. The URL is a secret.
type Config struct {
	URL    connectors.Secret // webhook with its key
	Client *http.Client      // nil: one of outgoing.Guard
}

// Validate says what is wrong, of kind errs.Invalid.
func (c Config) Validate() error { return outgoing.CheckURL("url", c.URL) }

type sender struct{ Config }

var _ connectors.Sender = sender{}

// New returns a sender to one group.
func New(c Config) (connectors.Sender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Client == nil {
		c.Client = outgoing.Guard{}.Client(0)
	}
	return sender{c}, nil
}

type message struct {
	Type     string   `json:"msgtype"`
	Markdown markdown `json:"markdown"`
}

type markdown struct {
	Content string `json:"content"`
}

// Send sends a new message; there is no receipt.
func (s sender) Send(ctx context.Context, m connectors.Message, _ connectors.Receipt) (connectors.Receipt, error) {
	m = outgoing.Bound(m)
	body, err := json.Marshal(message{"markdown", markdown{text(m)}})
	if err != nil {
		return "", err
	}
	answer, err := outgoing.PostJSON(ctx, s.Client, s.URL, body, nil)
	if err != nil {
		return "", err
	}
	return "", check(answer)
}

// text lays the message out within maxText: the head and the link always,
// fields and steps as far as they fit.
func text(m connectors.Message) string {
	end := ""
	if link := outgoing.Link(m.URL); link != "" && len(link) < 1024 {
		name := m.Incident
		if name == "" {
			name = "Triagent"
		}
		end = fmt.Sprintf("\n[%s](%s)", outgoing.Wide(outgoing.Clip(name, 60)), link)
	}
	var b strings.Builder
	colour := "comment" // one of the three that there are
	switch {
	case m.Status == "resolved", m.Severity == "":
		colour = "info"
	case m.Severity == "major", m.Severity == "critical":
		colour = "warning"
	}
	fmt.Fprintf(&b, "**<font color=\"%s\">%s</font>**\n", colour, outgoing.ClipBytes(outgoing.Wide(m.Title), 600))
	b.WriteString(outgoing.ClipBytes(outgoing.Wide(m.Text), 1500))
	for _, f := range m.Fields {
		fit(&b, fmt.Sprintf("\n>%s: %s", outgoing.Wide(f.Name), outgoing.ClipBytes(outgoing.Wide(f.Value), 300)), len(end))
	}
	for i, step := range m.Steps {
		fit(&b, fmt.Sprintf("\n%d. %s", i+1, outgoing.ClipBytes(outgoing.Wide(step), 400)), len(end))
	}
	return b.String() + end
}

// fit adds a line if there is room for it and for what must follow.
func fit(b *strings.Builder, line string, after int) {
	if b.Len()+len(line)+after <= maxText {
		b.WriteString(line)
	}
}

// check finds the error that a 200 may hold.
func check(answer []byte) error {
	var a struct {
		Code *int   `json:"errcode"`
		Text string `json:"errmsg"`
	}
	if err := json.Unmarshal(answer, &a); err != nil || a.Code == nil {
		return errs.New(errs.Unavailable, "the answer is not that of WeCom")
	}
	said := fmt.Sprintf("WeCom answered %d: %s", *a.Code, outgoing.Clip(outgoing.Line(a.Text), 200))
	switch *a.Code {
	case 0:
		return nil
	case -1, 50001, 50002: // busy
		return errs.New(errs.Unavailable, "%s", said)
	case 45009, 45033: // too fast
		return outgoing.Unavailable(time.Minute, "%s", said)
	case 93000, 93004, 93008, 40014, 42001, 60020, 301002: // webhook wrong or removed, address not allowed
		return &errs.Error{Kind: errs.Denied, Err: errors.New(said), Remedy: "renew the webhook of the group"}
	}
	return errs.New(errs.Invalid, "%s", said)
}
