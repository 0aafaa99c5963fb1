package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/slack-go/slack"

	"triagent/connectors"
	"triagent/connectors/outgoing"
	"triagent/internal/errs"
)

// InConfig says whose commands and mentions are answered. The zero value is off.
type InConfig struct {
	SigningSecret connectors.Secret `yaml:"signing_secret"` // of the Slack app; empty: off
	Token         connectors.Secret `yaml:"token"`          // "xoxb-...", to answer mentions; empty: only the slash command is answered
	Teams         []string          `yaml:"teams"`          // IDs of workspaces that may ask, as T0123ABCD; nil: any that has the app
	Lang          string            `yaml:"lang"`           // "en" or "zh", for words that tell nothing of it; empty: en
	APIURL        string            `yaml:"-"`              // empty: that of Slack; ends in a slash
	Client        *http.Client      `yaml:"-"`              // nil: one that waits 10 s
}

// Enabled reports whether Slack is to be answered at all.
func (c InConfig) Enabled() bool { return c.SigningSecret != "" || c.Token != "" || len(c.Teams) > 0 }

// Inbound reads and answers what Slack sends. It is safe for concurrent use.
type Inbound struct {
	secret []byte
	teams  []string
	lang   string
	api    *slack.Client // nil: mentions cannot be answered
}

// NewInbound checks the configuration. An error is of kind errs.Invalid.
func NewInbound(c InConfig) (*Inbound, error) {
	switch {
	case len(c.SigningSecret) < 16:
		return nil, wrongIn("hooks.slack.signing_secret", "it has %d bytes, fewer than that of any app; take it from the page Basic Information of the app", len(c.SigningSecret))
	case c.Lang != "" && c.Lang != "en" && c.Lang != "zh":
		return nil, wrongIn("hooks.slack.lang", `%q is neither "en" nor "zh"`, c.Lang)
	}
	in := &Inbound{secret: []byte(c.SigningSecret), teams: c.Teams, lang: c.Lang}
	if in.lang == "" {
		in.lang = "en"
	}
	if c.Token != "" {
		client := c.Client
		if client == nil {
			client = &http.Client{Timeout: 10 * time.Second}
		}
		opts := []slack.Option{slack.OptionHTTPClient(client)}
		if c.APIURL != "" {
			opts = append(opts, slack.OptionAPIURL(c.APIURL))
		}
		in.api = slack.New(string(c.Token), opts...)
	}
	return in, nil
}

func wrongIn(field, format string, args ...any) error {
	return &errs.Error{Op: "read configuration", Kind: errs.Invalid, Err: fmt.Errorf(field+": "+format, args...)}
}

// maxSignatureAge is how far the time of a signature may be from now.
const maxSignatureAge = 5 * time.Minute

// Verify checks that Slack has signed the body within the last five minutes.
// An error is of kind errs.Denied.
//
// Source: Slack, "Verifying requests from Slack", version v0.
func (in *Inbound) Verify(header http.Header, body []byte, now time.Time) error {
	stamp := header.Get("X-Slack-Request-Timestamp")
	sec, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errs.New(errs.Denied, "the request has no time of signature")
	}
	if now.Sub(time.Unix(sec, 0)).Abs() > maxSignatureAge {
		return errs.New(errs.Denied, "the signature is more than %v away from now", maxSignatureAge)
	}
	m := hmac.New(sha256.New, in.secret)
	m.Write([]byte("v0:" + stamp + ":"))
	m.Write(body)
	want := "v0=" + hex.EncodeToString(m.Sum(nil))
	if !hmac.Equal([]byte(header.Get("X-Slack-Signature")), []byte(want)) {
		return errs.New(errs.Denied, "the signature does not fit the body")
	}
	return nil
}

// allowed reports whether a workspace may ask.
func (in *Inbound) allowed(team string) bool {
	return len(in.teams) == 0 || slices.Contains(in.teams, team)
}

// CanPost reports whether mentions can be answered.
func (in *Inbound) CanPost() bool { return in.api != nil }

// Post answers a mention in its thread. Errors are of kind errs.Unavailable, or
// errs.Denied or errs.Invalid as Slack says.
func (in *Inbound) Post(ctx context.Context, c Command, a Answer) error {
	opts := []slack.MsgOption{slack.MsgOptionText(a.fallback(), false), slack.MsgOptionBlocks(a.blocks()...), slack.MsgOptionDisableLinkUnfurl()}
	if c.Thread != "" {
		opts = append(opts, slack.MsgOptionTS(c.Thread))
	}
	if _, _, err := in.api.PostMessageContext(ctx, c.Channel, opts...); err != nil {
		return fmt.Errorf("answer in slack: %w", classify(err))
	}
	return nil
}

// Answer is what is said to a command. All text is plain.
type Answer struct {
	Title  string
	Text   string
	Fields []connectors.Field
	Items  []Item
	More   string // below all; may be empty
	URL    string // opened by a button; empty: none
	Open   string // what the buttons say
}

// Item is one entry of a list in an answer.
type Item struct {
	Title, Text string
	URL         string // empty: no button
}

const maxItems = 10

func (a Answer) fallback() string { return escape.Replace(outgoing.Clip(outgoing.Inert(a.Title), 300)) }

// blocks lays the answer out.
func (a Answer) blocks() []slack.Block {
	var out []slack.Block
	if a.Title != "" {
		out = append(out, slack.NewHeaderBlock(plain(outgoing.Line(a.Title), maxHeader)))
	}
	if a.Text != "" {
		out = append(out, slack.NewSectionBlock(plain(a.Text, maxSection), nil, nil))
	}
	var fields []*slack.TextBlockObject
	for _, f := range a.Fields[:min(len(a.Fields), maxFields)] {
		fields = append(fields, plain(outgoing.Line(f.Name)+"\n"+outgoing.Line(f.Value), maxField))
	}
	if len(fields) > 0 {
		out = append(out, slack.NewSectionBlock(nil, fields, nil))
	}
	for i, item := range a.Items[:min(len(a.Items), maxItems)] {
		text := plain(outgoing.Line(item.Title)+"\n"+outgoing.Line(item.Text), maxField)
		out = append(out, slack.NewSectionBlock(text, nil, a.button("item-"+strconv.Itoa(i), item.URL)))
	}
	if b := a.button("open", a.URL); b != nil {
		out = append(out, slack.NewActionBlock("", b.ButtonElement))
	}
	if a.More != "" {
		out = append(out, slack.NewContextBlock("", plain(a.More, maxField)))
	}
	return out
}

// button opens a page; nil if there is none.
func (a Answer) button(id, url string) *slack.Accessory {
	link := outgoing.Link(url)
	if link == "" {
		return nil
	}
	return slack.NewAccessory(slack.NewButtonBlockElement(id, id, plain(a.Open, 70)).WithURL(link))
}
