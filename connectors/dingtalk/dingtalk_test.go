package dingtalk_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/dingtalk"
	"triagent/connectors/sendertest"
	"triagent/internal/errs"
)

var suite = sendertest.Suite{
	New: func(url string, c *http.Client) (connectors.Sender, error) {
		return dingtalk.New(dingtalk.Config{URL: connectors.Secret(url), Client: c})
	},
	OK: `{"errcode":0,"errmsg":"ok"}`, MaxBody: 20_000,
}

func TestSender(t *testing.T) { sendertest.Run(t, suite) }

// robot checks what DingTalk checks and answers as it does.
func robot(t *testing.T, secret string) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		ms, _ := strconv.ParseInt(q.Get("timestamp"), 10, 64)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(q.Get("timestamp") + "\n" + secret))
		switch {
		case q.Get("access_token") != "tok":
			answer(w, `{"errcode":300001,"errmsg":"token is not exist"}`)
		case time.Since(time.UnixMilli(ms)).Abs() > time.Hour, q.Get("sign") != base64.StdEncoding.EncodeToString(mac.Sum(nil)):
			answer(w, `{"errcode":310000,"errmsg":"sign not match"}`)
		default:
			answer(w, `{"errcode":0,"errmsg":"ok"}`)
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

func TestSignature(t *testing.T) {
	srv := robot(t, "SECabc+/=")
	for _, tt := range []struct {
		name, query string
		secret      connectors.Secret
		now         time.Time
		kind        errs.Kind
	}{
		{"right", "?access_token=tok", "SECabc+/=", time.Now(), ""},
		{"wrong secret", "?access_token=tok", "SECxyz", time.Now(), errs.Denied},
		{"clock off", "?access_token=tok", "SECabc+/=", time.Now().Add(-2 * time.Hour), errs.Denied},
		{"not signed", "?access_token=tok", "", time.Now(), errs.Denied},
		{"wrong token", "?access_token=no", "SECabc+/=", time.Now(), errs.Denied},
	} {
		s, err := dingtalk.New(dingtalk.Config{URL: connectors.Secret(srv.URL + "/robot/send" + tt.query), Secret: tt.secret, Now: func() time.Time { return tt.now }})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Send(context.Background(), sendertest.Message("x"), "")
		if errs.KindOf(err) != tt.kind {
			t.Errorf("%s: %v, want kind %q", tt.name, err, tt.kind)
		}
	}
}

func TestErrorIn200(t *testing.T) {
	for body, kind := range map[string]errs.Kind{
		`{"errcode":130101,"errmsg":"send too fast"}`: errs.Unavailable,
		`{"errcode":-1,"errmsg":"busy"}`:              errs.Unavailable,
		`{"errcode":40035,"errmsg":"bad parameter"}`:  errs.Invalid,
		`<html>login</html>`:                          errs.Unavailable,
		`{}`:                                          errs.Unavailable,
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, body) }))
		s, err := dingtalk.New(dingtalk.Config{URL: connectors.Secret(srv.URL)})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Send(t.Context(), sendertest.Message("x"), "")
		if errs.KindOf(err) != kind {
			t.Errorf("%s gives %v, want kind %q", body, err, kind)
		}
		var d interface {
			error
			connectors.Delay
		}
		if strings.Contains(body, "130101") && (!errors.As(err, &d) || d.RetryAfter() != 10*time.Minute) {
			t.Errorf("a robot that is shut out is tried again at once: %v", err)
		}
		srv.Close()
	}
}

func TestForeignText(t *testing.T) {
	var got struct{ Markdown struct{ Title, Text string } }
	if err := json.Unmarshal([]byte(suite.Body(t, sendertest.Message(sendertest.Hostile))), &got); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("[inc-42](https://triagent.example/incidents/inc-42)", "", "### T", "", "- **", "", "**:", "").Replace(got.Markdown.Text)
	if bad := sendertest.Links(text + got.Markdown.Title); bad != nil {
		t.Errorf("%v stand in %s", bad, text)
	}
	if strings.ContainsAny(text+got.Markdown.Title, "<>[]*`#!\x1b\u202e") {
		t.Errorf("markup is left in %s", text)
	}
}

func answer(w http.ResponseWriter, body string) {
	_, _ = io.WriteString(w, body) // a sender that got no answer says so
}
