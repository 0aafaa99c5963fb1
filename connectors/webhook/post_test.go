package webhook_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/sendertest"
	"triagent/connectors/webhook"
	"triagent/internal/errs"
)

func TestPoster(t *testing.T) {
	sendertest.Run(t, sendertest.Suite{
		New: func(url string, c *http.Client) (connectors.Sender, error) {
			return webhook.NewPoster(webhook.PostConfig{URL: connectors.Secret(url), Client: c})
		},
		MaxBody: 256 << 10,
	})
}

// TestPosterSigns: our own receiver, which checks as any must, takes what we send.
func TestPosterSigns(t *testing.T) {
	const secret = "0123456789abcdef"
	receiver, err := webhook.NewGeneric("self", webhook.GenericConfig{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	var header http.Header
	var body []byte
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
	}))
	defer srv.Close()
	now := time.Now()
	p, err := webhook.NewPoster(webhook.PostConfig{
		URL: connectors.Secret(srv.URL), Secret: secret, Headers: map[string]connectors.Secret{"authorization": "Bearer x"},
		Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	m := sendertest.Message("磁盘 <full>")
	for range 2 {
		if _, err := p.Send(t.Context(), m, ""); err != nil {
			t.Fatal(err)
		}
		if signed, err := receiver.Verify(header, body, now); !signed || err != nil {
			t.Errorf("not taken: %v", err)
		}
		if header.Get(webhook.DeliveryHeader) != m.ID || header.Get(webhook.KindHeader) != m.Kind || header.Get("Authorization") != "Bearer x" {
			t.Errorf("headers %v", header)
		}
	}
	for name, change := range map[string]func() (http.Header, []byte, time.Time){
		"body changed": func() (http.Header, []byte, time.Time) { return header, append(body, ' '), now },
		"sent again":   func() (http.Header, []byte, time.Time) { return header, body, now.Add(6 * time.Minute) },
		"other time": func() (http.Header, []byte, time.Time) {
			h := header.Clone()
			h.Set(webhook.SignatureHeader, strings.Replace(h.Get(webhook.SignatureHeader), "t=", "t=1", 1))
			return h, body, now
		},
	} {
		h, b, at := change()
		if _, err := receiver.Verify(h, b, at); errs.KindOf(err) != errs.Denied {
			t.Errorf("%s: %v", name, err)
		}
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil || got["text"] != "磁盘 <full>" || got["incident"] != "inc-42" || got["data"].(map[string]any)["id"] != "inc-42" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestPostConfig(t *testing.T) {
	for name, c := range map[string]webhook.PostConfig{
		"no url":       {},
		"file":         {URL: "file:///etc/passwd"},
		"short secret": {URL: "https://x.example", Secret: "abc"},
		"host header":  {URL: "https://x.example", Headers: map[string]connectors.Secret{"host": "y"}},
		"our header":   {URL: "https://x.example", Headers: map[string]connectors.Secret{"x-triagent-event": "y"}},
		"line break":   {URL: "https://x.example", Headers: map[string]connectors.Secret{"X-A": "a\nb"}},
		"bad name":     {URL: "https://x.example", Headers: map[string]connectors.Secret{"X A": "a"}},
	} {
		if err := c.Validate(); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
