// Package feishu sends messages to a group of Feishu or Lark through its custom
// bot: a webhook URL, signed if the bot asks for it. A custom bot cannot change
// what it sent, so every message is a new card.
//
// Feishu takes 100 messages a minute and 5 a second of a bot, and 20 KB in each
// request. All foreign text stands in plain_text elements, which know neither
// markup nor mentions.
package feishu

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/connectors/outgoing"
	"triagent/internal/errs"
)

// maxText bounds the text of one element and maxBody the whole request, in
// bytes. Feishu says 20 KB.
const (
	maxText = 6_000
	maxBody = 19_000
)

// Config says where to send. The URL is a secret.
type Config struct {
	URL    connectors.Secret // webhook of the bot
	Secret connectors.Secret // of the security setting "signature"; empty: not signed
	Client *http.Client      // nil: one of outgoing.Guard
	Now    func() time.Time  // nil: time.Now
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
	if c.Now == nil {
		c.Now = time.Now
	}
	return sender{c}, nil
}

type (
	request struct {
		Timestamp string `json:"timestamp,omitempty"` // seconds
		Sign      string `json:"sign,omitempty"`
		Type      string `json:"msg_type"`
		Card      card   `json:"card"`
	}
	card struct {
		Config   map[string]bool `json:"config"`
		Header   header          `json:"header"`
		Elements []element       `json:"elements"`
	}
	header struct {
		Title    plain  `json:"title"`
		Template string `json:"template"`
	}
	plain struct {
		Tag     string `json:"tag"`
		Content string `json:"content"`
	}
	element struct {
		Tag     string   `json:"tag"`
		Text    *plain   `json:"text,omitempty"`
		Fields  []field  `json:"fields,omitempty"`
		Actions []button `json:"actions,omitempty"`
	}
	field struct {
		Short bool  `json:"is_short"`
		Text  plain `json:"text"`
	}
	button struct {
		Tag  string `json:"tag"`
		Text plain  `json:"text"`
		URL  string `json:"url"`
		Type string `json:"type"`
	}
)

// Send sends a new card; there is no receipt.
func (s sender) Send(ctx context.Context, m connectors.Message, _ connectors.Receipt) (connectors.Receipt, error) {
	m = outgoing.Bound(m)
	r := request{Type: "interactive", Card: lay(m, maxText)}
	if s.Secret != "" {
		r.Timestamp = strconv.FormatInt(s.Now().Unix(), 10)
		mac := hmac.New(sha256.New, []byte(r.Timestamp+"\n"+string(s.Secret))) // the text to sign is the key, as documented
		r.Sign = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	body, err := json.Marshal(r)
	for limit := maxText / 2; err == nil && len(body) > maxBody && limit > 100; limit /= 2 {
		r.Card = lay(m, limit)
		body, err = json.Marshal(r)
	}
	if err != nil {
		return "", err
	}
	answer, err := outgoing.PostJSON(ctx, s.Client, s.URL, body, nil)
	if err != nil && len(answer) == 0 {
		return "", err
	}
	if said := check(answer); said != nil {
		return "", said // the code says more than the status
	}
	return "", err
}

// lay lays the message out with at most limit bytes in each element.
func lay(m connectors.Message, limit int) card {
	c := card{
		Config:   map[string]bool{"wide_screen_mode": true},
		Header:   header{text(outgoing.Line(m.Title), min(limit, 300)), colour(m)},
		Elements: []element{},
	}
	add := func(s string) {
		if s != "" {
			t := text(s, limit)
			c.Elements = append(c.Elements, element{Tag: "div", Text: &t})
		}
	}
	add(m.Text)
	var fields []field
	for _, f := range m.Fields[:min(len(m.Fields), 12)] {
		fields = append(fields, field{true, text(outgoing.Line(f.Name)+": "+outgoing.Line(f.Value), min(limit, 300))})
	}
	if len(fields) > 0 {
		c.Elements = append(c.Elements, element{Tag: "div", Fields: fields})
	}
	var steps []string
	for i, step := range m.Steps {
		steps = append(steps, fmt.Sprintf("%d. %s", i+1, outgoing.Line(step)))
	}
	add(strings.Join(steps, "\n"))
	if link := outgoing.Link(m.URL); link != "" {
		name := m.Incident
		if name == "" {
			name = "Triagent"
		}
		c.Elements = append(c.Elements, element{Tag: "action", Actions: []button{{"button", text(name, 60), link, "primary"}}})
	}
	return c
}

func text(s string, limit int) plain {
	return plain{"plain_text", outgoing.ClipBytes(outgoing.Inert(s), limit)}
}

func colour(m connectors.Message) string {
	switch {
	case m.Status == "resolved":
		return "green"
	case m.Severity == "critical":
		return "red"
	case m.Severity == "major":
		return "orange"
	case m.Severity == "warning":
		return "yellow"
	}
	return "blue"
}

// check finds the error that a 200 may hold. Old bots answer StatusCode.
func check(answer []byte) error {
	var a struct {
		Code   *int   `json:"code"`
		Text   string `json:"msg"`
		Status *int   `json:"StatusCode"`
	}
	if err := json.Unmarshal(answer, &a); err != nil || a.Code == nil && a.Status == nil {
		return errs.New(errs.Unavailable, "the answer is not that of Feishu")
	}
	if a.Code == nil {
		a.Code = a.Status
	}
	said := fmt.Sprintf("Feishu answered %d: %s", *a.Code, outgoing.Clip(outgoing.Line(a.Text), 200))
	switch *a.Code {
	case 0:
		return nil
	case 11232, 99991400, 11233: // too fast
		return outgoing.Unavailable(time.Minute, "%s", said)
	case 19021: // signature, or a clock that is an hour off
		return &errs.Error{Kind: errs.Denied, Err: errors.New(said), Remedy: "compare the signing secret of the bot, and the clock of this machine"}
	case 19022, 19024: // address, keyword
		return &errs.Error{Kind: errs.Denied, Err: errors.New(said), Remedy: "compare the security settings of the bot: addresses, keywords"}
	case 19001, 19002, 19003, 19007: // webhook wrong, bot removed
		return &errs.Error{Kind: errs.Denied, Err: errors.New(said), Remedy: "renew the webhook of the bot"}
	}
	return errs.New(errs.Invalid, "%s", said)
}
