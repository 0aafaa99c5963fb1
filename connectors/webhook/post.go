package webhook

import (
	"context"
	"encoding/json"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/connectors/outgoing"
	"triagent/internal/errs"
)

// Headers of a message that is sent, beside SignatureHeader.
const (
	DeliveryHeader = "X-Triagent-Delivery" // the message's ID, the same for every try
	KindHeader     = "X-Triagent-Event"    // the message's kind
)

// maxBody bounds what is sent; the data for programs is left out if it does
// not fit.
const maxBody = 256 << 10

// PostConfig says where to send signed messages.
//
// A receiver must: compute the HMAC-SHA256 of "t.body" (the t of the signature
// header, a dot, the body as received) under the shared secret and compare it
// with v1 in constant time; refuse a t that is more than five minutes off, so
// that a recorded message cannot be sent again later; remember the delivery
// IDs of the last ten minutes or more and drop repeats, since a message whose
// answer got lost is sent once more; answer 2xx within 15 seconds, 429 or 503
// with Retry-After if it is busy. Redirects are not followed.
type PostConfig struct {
	URL     connectors.Secret
	Secret  connectors.Secret            // at least 16 characters; empty: not signed
	Headers map[string]connectors.Secret // further headers, as Authorization; at most 20
	Client  *http.Client                 // nil: one of outgoing.Guard
	Now     func() time.Time             // nil: time.Now
}

// ours are headers that the configuration must not set.
var ours = []string{
	"Host", "Content-Length", "Content-Type", "Transfer-Encoding", "Connection", "Upgrade", "Te", "Trailer", "Keep-Alive", "Expect",
	"Proxy-Connection", "Proxy-Authorization", "User-Agent", "Accept-Encoding",
}

// Validate says what is wrong, of kind errs.Invalid.
func (c PostConfig) Validate() error {
	if err := outgoing.CheckURL("url", c.URL); err != nil {
		return err
	}
	if n := len(c.Secret); n > 0 && n < minSecret {
		return errs.New(errs.Invalid, "secret: it has %d characters, and needs %d", n, minSecret)
	}
	if len(c.Headers) > 20 {
		return errs.New(errs.Invalid, "headers: there are %d, and at most 20 are sent", len(c.Headers))
	}
	for name, value := range c.Headers {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case !token(name) || len(name) > 100:
			return errs.New(errs.Invalid, "headers: %q is no name of a header", outgoing.Clip(outgoing.Line(name), 40))
		case slices.Contains(ours, canonical) || strings.HasPrefix(canonical, "X-Triagent-"):
			return errs.New(errs.Invalid, "headers: %s is set by Triagent", canonical)
		case len(value) > 4096 || strings.ContainsFunc(string(value), func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			return errs.New(errs.Invalid, "headers: the value of %s is too long or has control characters", canonical)
		}
	}
	return nil
}

// token says whether s is a token of RFC 9110.
func token(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune("()<>@,;:\\\"/[]?={}", r)
	})
}

type poster struct{ PostConfig }

var _ connectors.Sender = poster{}

// NewPoster returns a sender that posts each message as JSON.
func NewPoster(c PostConfig) (connectors.Sender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Client == nil {
		c.Client = outgoing.Guard{}.Client(0)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return poster{c}, nil
}

// wireMessage is the JSON of a message. Fields are added, never renamed.
type wireMessage struct {
	ID       string          `json:"id"`
	Kind     string          `json:"kind"`
	Lang     string          `json:"lang"`
	At       time.Time       `json:"at"`
	Incident string          `json:"incident"`
	Title    string          `json:"title"`
	Text     string          `json:"text"`
	Severity string          `json:"severity"`
	Status   string          `json:"status"`
	Verdict  string          `json:"verdict"`
	Fields   []wireField     `json:"fields"`
	Steps    []string        `json:"steps"`
	URL      string          `json:"url"`
	Data     json.RawMessage `json:"data"` // the incident as the REST API gives it; null: none, or too large
}

type wireField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Send posts m; there is no receipt.
func (p poster) Send(ctx context.Context, m connectors.Message, _ connectors.Receipt) (connectors.Receipt, error) {
	m = outgoing.Bound(m)
	body, err := encode(m)
	if err != nil {
		return "", err
	}
	header := http.Header{}
	for name, value := range p.Headers {
		header.Set(name, string(value))
	}
	header.Set(DeliveryHeader, outgoing.Line(m.ID))
	header.Set(KindHeader, outgoing.Line(m.Kind))
	if p.Secret != "" {
		header.Set(SignatureHeader, signature(p.Secret, p.Now(), body))
	}
	_, err = outgoing.PostJSON(ctx, p.Client, p.URL, body, header)
	return "", err
}

// signature returns the signature header of a body at a time.
func signature(secret connectors.Secret, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ",v1=" + Sign([]byte(secret), t+".", body)
}

func encode(m connectors.Message) ([]byte, error) {
	w := wireMessage{
		ID: m.ID, Kind: m.Kind, Lang: m.Lang, At: m.At.UTC(), Incident: m.Incident,
		Title: outgoing.Clip(outgoing.Line(m.Title), 500), Text: outgoing.Clip(outgoing.Clean(m.Text), 5000),
		Severity: m.Severity, Status: m.Status, Verdict: m.Verdict, URL: outgoing.Link(m.URL),
		Fields: []wireField{}, Steps: []string{}, Data: json.RawMessage("null"),
	}
	for _, f := range m.Fields[:min(len(m.Fields), 30)] {
		w.Fields = append(w.Fields, wireField{outgoing.Clip(outgoing.Line(f.Name), 200), outgoing.Clip(outgoing.Line(f.Value), 1000)})
	}
	for _, s := range m.Steps[:min(len(m.Steps), 30)] {
		w.Steps = append(w.Steps, outgoing.Clip(outgoing.Line(s), 1000))
	}
	if len(m.Data) > 0 && len(m.Data) < maxBody/2 && json.Valid(m.Data) {
		w.Data = m.Data
	}
	return json.Marshal(w)
}
