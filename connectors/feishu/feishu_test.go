package feishu_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/feishu"
	"triagent/connectors/sendertest"
	"triagent/internal/errs"
)

var suite = sendertest.Suite{
	New: func(url string, c *http.Client) (connectors.Sender, error) {
		return feishu.New(feishu.Config{URL: connectors.Secret(url), Client: c})
	},
	OK: `{"code":0,"msg":"success","data":{}}`, MaxBody: 20_000,
}

func TestSender(t *testing.T) { sendertest.Run(t, suite) }

func TestSignature(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b struct{ Timestamp, Sign string }
		if err := json.NewDecoder(r.Body).Decode(&b); err != nil {
			t.Error(err)
		}
		sec, _ := strconv.ParseInt(b.Timestamp, 10, 64)
		want := base64.StdEncoding.EncodeToString(hmac.New(sha256.New, []byte(b.Timestamp+"\nSECRET")).Sum(nil))
		if time.Since(time.Unix(sec, 0)).Abs() > time.Hour || b.Sign != want {
			answer(w, `{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time","data":{}}`)
			return
		}
		answer(w, `{"code":0,"msg":"success","data":{}}`)
	}))
	defer srv.Close()
	for _, tt := range []struct {
		secret connectors.Secret
		now    time.Time
		kind   errs.Kind
	}{
		{"SECRET", time.Now(), ""},
		{"OTHER", time.Now(), errs.Denied},
		{"", time.Now(), errs.Denied},
		{"SECRET", time.Now().Add(-2 * time.Hour), errs.Denied},
	} {
		s, err := feishu.New(feishu.Config{URL: connectors.Secret(srv.URL), Secret: tt.secret, Now: func() time.Time { return tt.now }})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.Send(t.Context(), sendertest.Message("x"), ""); errs.KindOf(err) != tt.kind {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

func TestErrorIn200(t *testing.T) {
	for body, kind := range map[string]errs.Kind{
		`{"code":11232,"msg":"frequency limited psm"}`: errs.Unavailable,
		`{"code":9499,"msg":"Bad Request","data":{}}`:  errs.Invalid,
		`{"code":19024,"msg":"Key Words Not Found"}`:   errs.Denied,
		`{"StatusCode":0,"StatusMessage":"success"}`:   "",
		`nothing`: errs.Unavailable,
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, body) }))
		s, err := feishu.New(feishu.Config{URL: connectors.Secret(srv.URL)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.Send(t.Context(), sendertest.Message("x"), ""); errs.KindOf(err) != kind {
			t.Errorf("%s gives %v, want kind %q", body, err, kind)
		}
		srv.Close()
	}
}

// TestForeignText: foreign text stands in plain_text elements only.
func TestForeignText(t *testing.T) {
	body := suite.Body(t, sendertest.Message(sendertest.Hostile))
	for _, tag := range []string{"lark_md", `"markdown"`, `"at"`} {
		if strings.Contains(body, tag) {
			t.Errorf("the card has %s", tag)
		}
	}
	if bad := sendertest.Links(body); bad != nil {
		t.Errorf("%v stand in %s", bad, body)
	}
}

func answer(w http.ResponseWriter, body string) {
	_, _ = io.WriteString(w, body) // a sender that got no answer says so
}
