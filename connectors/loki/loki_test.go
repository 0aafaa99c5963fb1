package loki_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/grafana/loki/pkg/push"

	"triagent/connectors"
	"triagent/connectors/loki"
	"triagent/connectors/outgoing"
	"triagent/connectors/sendertest"
	"triagent/internal/errs"
)

// server takes what Loki takes.
func server(t *testing.T, status int) (*httptest.Server, *[]push.PushRequest, *http.Header) {
	t.Helper()
	var got []push.PushRequest
	var header http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/loki/api/v1/push" {
			t.Errorf("pushed to %s", r.URL.Path)
		}
		b, _ := io.ReadAll(r.Body)
		raw, err := snappy.Decode(nil, b)
		if err != nil {
			t.Error(err)
		}
		var req push.PushRequest
		if err := req.Unmarshal(raw); err != nil {
			t.Error(err)
		}
		got, header = append(got, req), r.Header
		if status/100 == 3 {
			w.Header().Set("Location", "http://127.0.0.1:1/")
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, "entry out of order\x1b[31m")
	}))
	t.Cleanup(srv.Close)
	return srv, &got, &header
}

func pusher(t *testing.T, c loki.Config) *loki.Pusher {
	t.Helper()
	p, err := loki.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPush(t *testing.T) {
	srv, got, header := server(t, 204)
	p := pusher(t, loki.Config{URL: connectors.Secret(srv.URL), Tenant: "ops", Labels: map[string]string{"cluster": "c1"}})
	if _, err := p.Send(t.Context(), sendertest.Message(sendertest.Hostile), ""); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	if err := p.Push(t.Context(), "audit", nil, []loki.Line{{At: at, Text: `{"n":1}`}, {At: at.Add(time.Second), Text: `{"n":2}`}}); err != nil {
		t.Fatal(err)
	}
	if (*header).Get("X-Scope-OrgID") != "ops" || len(*got) != 2 {
		t.Fatalf("%d pushes, tenant %q", len(*got), (*header).Get("X-Scope-OrgID"))
	}
	if s := (*got)[0].Streams[0]; s.Labels != `{cluster="c1", kind="diagnosed", service="triagent", severity="critical", stream="incidents"}` {
		t.Errorf("labels %s", s.Labels)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte((*got)[0].Streams[0].Entries[0].Line), &line); err != nil || line["incident"] != "inc-42" {
		t.Errorf("line %v, %v", line, err)
	}
	if s := (*got)[1].Streams[0]; len(s.Entries) != 2 || s.Entries[0].Line != `{"n":1}` || !s.Entries[1].Timestamp.Equal(at.Add(time.Second)) {
		t.Errorf("audit %+v", s)
	}
}

func TestErrors(t *testing.T) {
	for status, kind := range map[int]errs.Kind{429: errs.Unavailable, 500: errs.Unavailable, 400: errs.Invalid, 401: errs.Denied, 302: errs.Invalid} {
		srv, got, _ := server(t, status)
		_, err := pusher(t, loki.Config{URL: connectors.Secret(srv.URL + "/?token=s3cr3t")}).Send(t.Context(), sendertest.Message("x"), "")
		if errs.KindOf(err) != kind || strings.Contains(err.Error(), "s3cr3t") || strings.ContainsRune(err.Error(), 0x1b) {
			t.Errorf("%d gives %q, want kind %q", status, err, kind)
		}
		if len(*got) != 1 {
			t.Errorf("%d: pushed %d times, the caller retries", status, len(*got))
		}
	}
	srv, _, _ := server(t, 204)
	srv.Close()
	if _, err := pusher(t, loki.Config{URL: connectors.Secret(srv.URL)}).Send(t.Context(), sendertest.Message("x"), ""); errs.KindOf(err) != errs.Unavailable || strings.Contains(err.Error(), "http://") {
		t.Errorf("no server gives %v", err)
	}
	for _, c := range []loki.Config{{URL: "http://169.254.169.254"}, {URL: "http://127.0.0.1:1", Guard: outgoing.Guard{RefusePrivate: true}}} {
		if _, err := pusher(t, c).Send(t.Context(), sendertest.Message("x"), ""); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s gives %v", string(c.URL), err)
		}
	}
}

func TestValidate(t *testing.T) {
	many := map[string]string{}
	for i := range 11 {
		many[fmt.Sprintf("l%d", i)] = "v"
	}
	for name, c := range map[string]loki.Config{
		"no url": {}, "ftp": {URL: "ftp://x"}, "tenant": {URL: "http://x", Tenant: "a b"}, "many": {URL: "http://x", Labels: many},
		"reserved": {URL: "http://x", Labels: map[string]string{"kind": "x"}}, "name": {URL: "http://x", Labels: map[string]string{"a-b": "x"}},
		"empty": {URL: "http://x", Labels: map[string]string{"a": ""}},
	} {
		if err := c.Validate(); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRealLoki pushes to a Loki and reads the line back.
func TestRealLoki(t *testing.T) {
	if _, err := exec.LookPath("loki"); err != nil {
		t.Skip("no loki on this machine")
	}
	base := startLoki(t)
	p := pusher(t, loki.Config{URL: connectors.Secret(base)})
	m := sendertest.Message("磁盘已满")
	m.At = time.Now()
	if _, err := p.Send(t.Context(), m, ""); err != nil {
		t.Fatal(err)
	}
	q := base + "/loki/api/v1/query_range?query=" + url.QueryEscape(`{service="triagent"}`)
	eventually(t, func() bool {
		resp, err := http.Get(q)
		if err != nil {
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		b, _ := io.ReadAll(resp.Body)
		return strings.Contains(string(b), "磁盘已满")
	})
}
