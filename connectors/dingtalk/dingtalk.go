// Package dingtalk sends messages to a group of DingTalk through its custom
// robot: a webhook URL, signed if the robot asks for it. A robot cannot change
// what it sent, so every message is a new one.
//
// DingTalk takes 20 messages a minute of a robot and shuts it out for ten
// minutes after that; a message may have 20,000 bytes. Its Markdown knows no
// escapes: in foreign text the characters of markup are replaced by their
// full-width forms.
package dingtalk

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/connectors/outgoing"
	"triagent/internal/errs"
)

// maxText bounds the Markdown, in bytes: the whole body may have 20,000.
const maxText = 16_000

// shutOut is how long a robot is shut out that sent too fast.
const shutOut = 10 * time.Minute

// Config says where to send. The URL is a secret.
type Config struct {
	URL    connectors.Secret // webhook of the robot, with its access_token
	Secret connectors.Secret // "SEC...", of the security setting "signature"; empty: not signed
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

type message struct {
	Type     string   `json:"msgtype"`
	Markdown markdown `json:"markdown"`
}

type markdown struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// Send sends a new message; there is no receipt.
func (s sender) Send(ctx context.Context, m connectors.Message, _ connectors.Receipt) (connectors.Receipt, error) {
	m = outgoing.Bound(m)
	body, err := json.Marshal(message{"markdown", markdown{outgoing.Clip(outgoing.Wide(m.Title), 100), text(m)}})
	if err != nil {
		return "", err
	}
	to, err := s.signed()
	if err != nil {
		return "", err
	}
	answer, err := outgoing.PostJSON(ctx, s.Client, to, body, nil)
	if err != nil {
		return "", err
	}
	return "", check(answer)
}

// signed returns the URL with the time and the signature over it.
func (s sender) signed() (connectors.Secret, error) {
	if s.Secret == "" {
		return s.URL, nil
	}
	u, err := url.Parse(string(s.URL))
	if err != nil {
		return "", errs.New(errs.Invalid, "url: it is not a URL")
	}
	at := strconv.FormatInt(s.Now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(s.Secret))
	mac.Write([]byte(at + "\n" + string(s.Secret)))
	q := u.Query()
	q.Set("timestamp", at)
	q.Set("sign", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	u.RawQuery = q.Encode()
	return connectors.Secret(u.String()), nil
}

func text(m connectors.Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n%s\n", outgoing.Wide(m.Title), outgoing.Wide(m.Text))
	for _, f := range m.Fields {
		fmt.Fprintf(&b, "\n- **%s**: %s", outgoing.Wide(f.Name), outgoing.Wide(f.Value))
	}
	if len(m.Fields) > 0 {
		b.WriteString("\n")
	}
	for i, step := range m.Steps {
		fmt.Fprintf(&b, "\n%d. %s", i+1, outgoing.Wide(step))
	}
	link := outgoing.Link(m.URL)
	out := outgoing.ClipBytes(b.String(), maxText-len(link)-200)
	if link != "" {
		out += fmt.Sprintf("\n\n[%s](%s)", outgoing.Wide(outgoing.Clip(linkText(m), 60)), link)
	}
	return out
}

func linkText(m connectors.Message) string {
	if m.Incident != "" {
		return m.Incident
	}
	return "Triagent"
}

// check finds the error that a 200 may hold.
func check(answer []byte) error {
	var a struct {
		Code *int   `json:"errcode"`
		Text string `json:"errmsg"`
	}
	if err := json.Unmarshal(answer, &a); err != nil || a.Code == nil {
		return errs.New(errs.Unavailable, "the answer is not that of DingTalk")
	}
	said := fmt.Sprintf("DingTalk answered %d: %s", *a.Code, outgoing.Clip(outgoing.Line(a.Text), 200))
	switch *a.Code {
	case 0:
		return nil
	case -1, 9001: // busy
		return errs.New(errs.Unavailable, "%s", said)
	case 130101, 130102, 130103, 410100: // too fast
		return outgoing.Unavailable(shutOut, "%s", said)
	case 310000: // keyword, signature or address
		return &errs.Error{Kind: errs.Denied, Err: errors.New(said), Remedy: "compare the security settings of the robot: signature, keywords, addresses"}
	case 300001, 300005, 40014, 400101, 400102, 400013, 88: // token, robot stopped or gone, group dissolved
		return &errs.Error{Kind: errs.Denied, Err: errors.New(said), Remedy: "renew the webhook of the robot"}
	}
	return errs.New(errs.Invalid, "%s", said)
}
