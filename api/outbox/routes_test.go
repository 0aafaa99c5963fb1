package outbox_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"triagent/api/outbox"
	"triagent/connectors/email"
	"triagent/internal/errs"
	"triagent/store"
	"triagent/store/storetest"
)

type answer struct {
	status int
	etag   string
	body   string
}

// call asks the routes of an outbox as the API mounts them.
func call(t testing.TB, o *outbox.Outbox, method, path, body, ifMatch string) answer {
	t.Helper()
	mux := chi.NewMux()
	api := humachi.New(mux, huma.DefaultConfig("test", "1"))
	o.Routes(api)
	req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	if ifMatch != "" {
		req.Header.Set("If-Match", ifMatch)
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, req)
	b, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{w.Code, w.Header().Get("ETag"), string(b)}
}

// init maps kinds of errors as the API does.
//
//nolint:gochecknoinits // huma has one function for errors in a process
func init() {
	huma.NewErrorWithContext = func(_ huma.Context, status int, msg string, list ...error) huma.StatusError {
		for _, err := range list {
			switch {
			case errors.Is(err, store.ErrStale):
				status = http.StatusPreconditionFailed
			case errs.KindOf(err) == errs.Invalid && status == http.StatusInternalServerError:
				status = http.StatusUnprocessableEntity
			case errs.KindOf(err) == errs.NotFound:
				status = http.StatusNotFound
			}
			msg += ": " + err.Error()
		}
		return &huma.ErrorModel{Status: status, Detail: msg}
	}
}

func TestMetadata(t *testing.T) {
	api := humachi.New(chi.NewMux(), huma.DefaultConfig("test", "1"))
	newOutbox(t, outbox.Config{}, storetest.SQLite(t), sealer(t)).Routes(api)
	n := 0
	for path, item := range api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete, item.Patch} {
			if op == nil {
				continue
			}
			n++
			role, scope := op.Metadata["role"], op.Metadata["scope"]
			want := store.Operator
			if op.Method != http.MethodGet && !strings.HasPrefix(path, "/deliveries") && !strings.HasSuffix(path, "/test") {
				want = store.Admin
			}
			if role != want || scope == "" {
				t.Errorf("%s %s: role %v, scope %v; want role %s", op.Method, path, role, scope, want)
			}
		}
	}
	if n != 10 {
		t.Errorf("%d operations", n)
	}
}

func TestChannelSecrets(t *testing.T) {
	s, k := storetest.SQLite(t), sealer(t)
	o := newOutbox(t, outbox.Config{}, s, k)
	for _, tt := range []struct{ kind, config, secret string }{
		{"slack", `{"token":"xoxb-GEHEIM","channel":"#alerts"}`, "GEHEIM"},
		{"webhook", `{"url":"https://h.example/GEHEIM","secret":"GEHEIM-GEHEIM-GEHEIM","headers":{"Authorization":"Bearer GEHEIM"}}`, "GEHEIM"},
		{"dingtalk", `{"url":"https://oapi.example/robot/send?access_token=GEHEIM","secret":"SECGEHEIM"}`, "GEHEIM"},
		{"loki", `{"url":"https://u:GEHEIM@loki.example","labels":{"cluster":"c1"}}`, "GEHEIM"},
	} {
		r := call(t, o, http.MethodPost, "/channels", `{"name":"`+tt.kind+`","kind":"`+tt.kind+`","config":`+tt.config+`}`, "")
		if r.status != http.StatusCreated || strings.Contains(r.body, tt.secret) || !strings.Contains(r.body, `"***"`) || r.etag != `"1"` {
			t.Fatalf("%s: %+v", tt.kind, r)
		}
		var c struct {
			ID     string
			Config map[string]any
		}
		if err := json.Unmarshal([]byte(r.body), &c); err != nil {
			t.Fatal(err)
		}
		stored, err := s.Channel(t.Context(), c.ID)
		if err != nil || strings.Contains(string(stored.Config), tt.secret) {
			t.Errorf("%s: stored in the clear: %s, %v", tt.kind, stored.Config, err)
		}
		// What was read is sent back under another name: the secrets stay.
		back, err := json.Marshal(map[string]any{"name": tt.kind + " 2", "kind": tt.kind, "config": c.Config, "id": c.ID, "version": 1})
		if err != nil {
			t.Fatal(err)
		}
		r = call(t, o, http.MethodPut, "/channels/"+c.ID, string(back), r.etag)
		if r.status != http.StatusOK || r.etag != `"2"` {
			t.Fatalf("%s: put back: %+v", tt.kind, r)
		}
		after, err := s.Channel(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range [][]byte{stored.Config, after.Config} {
			if got := openAll(t, k, c.ID, raw); !strings.Contains(got, tt.secret) {
				t.Errorf("%s: the secret is lost: %s", tt.kind, got)
			}
		}
	}
}

// openAll opens what is sealed in a configuration.
func openAll(t *testing.T, k outbox.Sealer, id string, raw []byte) string {
	t.Helper()
	var c map[string]any
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	var out []string
	for name, v := range c {
		text, ok := v.(string)
		if !ok || !strings.HasPrefix(text, "sealed:") {
			continue
		}
		plain, err := k.Open("channel/"+id+"/"+name, text)
		if err != nil {
			t.Error(err)
		}
		out = append(out, plain)
	}
	return strings.Join(out, " ")
}

func TestChannelRefused(t *testing.T) {
	o := newOutbox(t, outbox.Config{SMTP: email.Server{Host: "mail.example", From: "t@example.org"}}, storetest.SQLite(t), sealer(t))
	for _, body := range []string{
		`{"name":"x","kind":"pager","config":{}}`,
		`{"name":"x","kind":"slack","config":{}}`,
		`{"name":"x","kind":"slack","config":{"token":"***","channel":"#a"}}`,
		`{"name":"x","kind":"slack","config":{"token":"xoxb-1","channel":"a b"}}`,
		`{"name":"x","kind":"slack","config":{"url":"https://x.example"}}`,
		`{"name":"x","kind":"teams","config":{"url":"javascript:alert(1)"}}`,
		`{"name":"x","kind":"teams","config":{"url":7}}`,
		`{"name":"x","kind":"webhook","config":{"url":"https://x.example","secret":"short"}}`,
		`{"name":"x","kind":"webhook","config":{"url":"https://x.example","headers":{"Host":"y"}}}`,
		`{"name":"x","kind":"webhook","config":{"url":"https://x.example","headers":{"X-A":"a\r\nB: c"}}}`,
		`{"name":"x","kind":"email","config":{"to":["nobody"]}}`,
		`{"name":"x","kind":"email","config":{"to":[]}}`,
		`{"name":"x","kind":"teams","config":{"url":"https://x.example","lang":"fr"}}`,
		`{"name":"","kind":"teams","config":{"url":"https://x.example"}}`,
		`{"name":"a\u0000b","kind":"teams","config":{"url":"https://x.example"}}`,
		`{"name":"x","kind":"teams"}`, `[]`, `{`, ``,
	} {
		if r := call(t, o, http.MethodPost, "/channels", body, ""); r.status < 400 || r.status >= 500 {
			t.Errorf("%s gives %d %s", body, r.status, r.body)
		}
	}
}

func TestChannelVersions(t *testing.T) {
	o := newOutbox(t, outbox.Config{}, storetest.SQLite(t), sealer(t))
	id := channel(t, o, "teams", `{"url":"https://one.example/GEHEIM"}`)
	put := `{"name":"t","kind":"teams","config":{"url":"https://two.example"}}`
	for _, tt := range []struct {
		method, ifMatch, body string
		status                int
	}{
		{http.MethodPut, "", put, 428},
		{http.MethodPut, `"9"`, put, 412},
		{http.MethodPut, `nonsense`, put, 412},
		{http.MethodPut, `"1"`, put, 200},
		{http.MethodPut, `"1"`, put, 412},
		{http.MethodPut, `*`, put, 200},
		{http.MethodDelete, "", "", 428},
		{http.MethodDelete, `"1"`, "", 412},
		{http.MethodDelete, `"3"`, "", 204},
		{http.MethodDelete, `"3"`, "", 404},
		{http.MethodGet, "", "", 404},
		{http.MethodPut, `"3"`, put, 404},
	} {
		if r := call(t, o, tt.method, "/channels/"+id, tt.body, tt.ifMatch); r.status != tt.status {
			t.Errorf("%s with %q gives %d %s, want %d", tt.method, tt.ifMatch, r.status, r.body, tt.status)
		}
	}
}

// TestMovedSecret: a secret is not sent to another address than it was entered for.
func TestMovedSecret(t *testing.T) {
	o := newOutbox(t, outbox.Config{}, storetest.SQLite(t), sealer(t))
	id := channel(t, o, "webhook", `{"url":"https://one.example","secret":"0123456789abcdef"}`)
	r := call(t, o, http.MethodPut, "/channels/"+id, `{"name":"w","kind":"webhook","config":{"url":"https://evil.example","secret":"***"}}`, `"1"`)
	if r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, "secret again") {
		t.Errorf("%+v", r)
	}
}

func TestRoutingDocument(t *testing.T) {
	o := newOutbox(t, outbox.Config{}, storetest.SQLite(t), sealer(t))
	id := channel(t, o, "teams", `{"url":"https://x.example"}`)
	if r := call(t, o, http.MethodGet, "/settings/routing", "", ""); r.status != 200 || r.etag != `"0"` || !strings.Contains(r.body, `"routes":[]`) || !strings.Contains(r.body, `"quiet":[]`) {
		t.Fatalf("%+v", r)
	}
	good := `{"routes":[{"name":"r","match":{"severity_at_least":"major","kinds":["opened"],"labels":{"team":"db"}},"channels":["` + id + `"],"continue":true}],
		"quiet":[{"name":"night","from":"22:00","to":"07:00","days":["mon"],"zone":"Europe/Berlin","below":"critical"}]}`
	if r := call(t, o, http.MethodPut, "/settings/routing", good, `"0"`); r.status != 200 || r.etag != `"1"` {
		t.Fatalf("%+v", r)
	}
	if r := call(t, o, http.MethodGet, "/settings/routing", "", ""); r.etag != `"1"` || !strings.Contains(r.body, `"team":"db"`) || !strings.Contains(r.body, "Europe/Berlin") {
		t.Errorf("%+v", r)
	}
	if r := call(t, o, http.MethodPut, "/settings/routing", good, `"0"`); r.status != 412 {
		t.Errorf("a stale document gives %d", r.status)
	}
	if r := call(t, o, http.MethodPut, "/settings/routing", good, ""); r.status != 428 {
		t.Errorf("no If-Match gives %d", r.status)
	}
	quiet := func(q string) string { return `{"routes":[],"quiet":[` + q + `]}` }
	for _, bad := range []string{
		`{"routes":[{"name":"r","match":{},"channels":["nowhere"]}],"quiet":[]}`,
		`{"routes":[{"name":"r","match":{"severity_at_least":"bad"},"channels":[]}],"quiet":[]}`,
		`{"routes":[{"name":"r","match":{"kinds":["account"]},"channels":[]}],"quiet":[]}`,
		quiet(`{"name":"q","from":"25:00","to":"07:00","days":[],"zone":"","below":"critical"}`),
		quiet(`{"name":"q","from":"22:00","to":"07:00","days":["noday"],"zone":"","below":"critical"}`),
		quiet(`{"name":"q","from":"22:00","to":"07:00","days":[],"zone":"Mars/Base","below":"critical"}`),
		quiet(`{"name":"q","from":"22:00","to":"07:00","days":[],"zone":"../../etc/passwd","below":"critical"}`),
		quiet(`{"name":"q","from":"22:00","to":"07:00","days":[],"zone":"","below":"info"}`),
	} {
		if r := call(t, o, http.MethodPut, "/settings/routing", bad, `"1"`); r.status != 422 {
			t.Errorf("%s gives %d %s", bad, r.status, r.body)
		}
	}
}
