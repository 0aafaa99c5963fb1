package account

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"triagent/store"
	"triagent/store/storetest"
)

const password = "correct horse battery"

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// house is the whole of accounts behind a mux, over a real store.
type house struct {
	t     testing.TB
	a     *Accounts
	s     *counted
	api   huma.API
	mux   *chi.Mux
	clock *clock
	log   *bytes.Buffer
}

// open starts a house with an admin "ada". Limits by address are off.
func open(t testing.TB, edit func(*Config)) *house {
	h := empty(t, edit)
	link, err := h.a.Setup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(link, "token=")
	h.guest().send("POST", "/session/setup", map[string]any{"token": token, "name": "ada", "password": password}).want(200)
	return h
}

// empty starts a house without users.
func empty(t testing.TB, edit func(*Config)) *house {
	t.Helper()
	h := &house{t: t, clock: &clock{at: time.Now().UTC().Truncate(time.Second)}, log: &bytes.Buffer{}}
	h.s = &counted{Store: storetest.With(t, store.Config{Now: h.clock.now})}
	cfg := Config{
		Now: h.clock.now, Version: "1.2.3", LoginsPerMinute: -1, RefusalsPerMinute: -1,
		Log: slog.New(slog.NewTextHandler(&safe{w: h.log}, nil)),
	}
	if edit != nil {
		edit(&cfg)
	}
	a, err := New(cfg, h.s)
	if err != nil {
		t.Fatal(err)
	}
	h.a = a
	h.mount()
	return h
}

// mount builds the mux as the server does, with a few operations beside ours.
func (h *house) mount() {
	h.mux = chi.NewMux()
	h.mux.Use(h.a.Middleware)
	h.mux.Route("/api/v1", func(r chi.Router) {
		cfg := huma.DefaultConfig("test", "1")
		cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath, cfg.CreateHooks = "", "", "", nil
		h.api = humachi.New(r, cfg)
		h.api.UseMiddleware(h.a.Guard(h.api))
		h.a.Routes(h.api)
		for _, p := range []struct{ name, scope string }{{"read", ScopeRead}, {"write", ScopeWrite}, {"hooks", ScopeHooks}, {"metrics", ScopeMetrics}, {"admin", ScopeAdmin}, {"people", ScopeSession}} {
			for _, method := range []string{"GET", "POST"} {
				o := op(method, "/probe/"+p.name, "probe-"+p.name+"-"+method, "", http.StatusNoContent, Metadata(store.Viewer, p.scope))
				huma.Register(h.api, o, func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
			}
		}
		o := op("POST", "/probe/open", "probe-open", "", http.StatusNoContent, OpenMetadata())
		huma.Register(h.api, o, func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	})
	h.mux.With(h.a.Need(store.Viewer, ScopeMetrics)).Get("/metrics", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
}

// browser is a client with cookies.
type browser struct {
	h       *house
	cookies map[string]string
	csrf    string
	addr    string // of the peer
	host    string
	headers map[string]string // sent with every request
}

func (h *house) guest() *browser {
	return &browser{h: h, cookies: map[string]string{}, addr: "192.0.2.7:4711", host: "triagent.example.com", headers: map[string]string{}}
}

// login returns a browser in which a user with the usual password logged in.
func (h *house) login(name string) *browser {
	h.t.Helper()
	b := h.guest()
	b.send("POST", "/session", map[string]any{"name": name, "password": password}).want(200)
	return b
}

// user makes a user of a role with the usual password, by way of an invitation.
func (h *house) user(name string, role store.Role) *browser {
	h.t.Helper()
	made := h.login("ada").send("POST", "/users", map[string]any{"name": name, "role": role}).want(201)
	_, token, _ := strings.Cut(made.text("invite_url"), "token=")
	b := h.guest()
	b.send("POST", "/session/invite", map[string]any{"token": token, "password": password}).want(200)
	return b
}

// token makes an API token of the user and returns a client with it.
func (b *browser) token(scopes ...string) *browser {
	b.h.t.Helper()
	made := b.send("POST", "/me/tokens", map[string]any{"name": "t", "scopes": scopes}).want(201)
	c := b.h.guest()
	c.headers["Authorization"] = "Bearer " + made.text("token")
	return c
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	raw    string
	body   map[string]any
}

// send sends a request below /api/v1, with the cookies and the CSRF token.
func (b *browser) send(method, path string, body any, headers ...string) *answer {
	b.h.t.Helper()
	return b.get(method, "/api/v1"+path, body, headers...)
}

func (b *browser) get(method, path string, body any, headers ...string) *answer {
	b.h.t.Helper()
	var buf bytes.Buffer
	switch body := body.(type) {
	case nil:
	case string:
		buf.WriteString(body)
	default:
		if err := json.NewEncoder(&buf).Encode(body); err != nil {
			b.h.t.Fatal(err)
		}
	}
	r := httptest.NewRequestWithContext(b.h.t.Context(), method, path, &buf)
	r.RemoteAddr, r.Host = b.addr, b.host
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for k, v := range b.cookies {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	if b.csrf != "" && method != "GET" {
		r.Header.Set("X-CSRF-Token", b.csrf)
	}
	for k, v := range b.headers {
		r.Header.Set(k, v)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.h.mux.ServeHTTP(w, r)
	res := w.Result()
	defer func() { _ = res.Body.Close() }() // it is in memory
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	a := &answer{t: b.h.t, status: res.StatusCode, header: res.Header, raw: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &a.body) // what is no object stays raw
	if csrf, ok := a.body["csrf"].(string); ok {
		b.csrf = csrf
	}
	return a
}

func (a *answer) want(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.raw)
	}
	if status >= 400 && !strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json") {
		a.t.Errorf("%d comes as %q, not as a problem", status, a.header.Get("Content-Type"))
	}
	return a
}

// text is a string in the answer, by its path.
func (a *answer) text(path ...string) string {
	a.t.Helper()
	s, ok := a.at(path...).(string)
	if !ok {
		a.t.Fatalf("no text %v in %s", path, a.raw)
	}
	return s
}

func (a *answer) at(path ...string) any {
	var v any = a.body
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

// items are those of a list.
func (a *answer) items() []map[string]any {
	a.t.Helper()
	list, ok := a.body["items"].([]any)
	if !ok {
		a.t.Fatalf("no items in %s", a.raw)
	}
	var out []map[string]any
	for _, e := range list {
		out = append(out, e.(map[string]any))
	}
	return out
}

// safe lets handlers log from several goroutines.
type safe struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (s *safe) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(b)
}

// counted counts what is asked of a store.
type counted struct {
	*store.Store
	mu    sync.Mutex
	calls map[string]int
}

func (c *counted) count(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls == nil {
		c.calls = map[string]int{}
	}
	c.calls[name]++
}

// of returns how often something was called since it was last asked.
func (c *counted) of(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.calls[name]
	c.calls[name] = 0
	return n
}

func (c *counted) Session(ctx context.Context, hash string) (store.Session, error) {
	c.count("read")
	return c.Store.Session(ctx, hash)
}

func (c *counted) User(ctx context.Context, id string) (store.User, error) {
	c.count("read")
	return c.Store.User(ctx, id)
}

func (c *counted) TokenByHash(ctx context.Context, hash string) (store.Token, store.User, error) {
	c.count("read")
	return c.Store.TokenByHash(ctx, hash)
}

func (c *counted) PutSession(ctx context.Context, s store.Session) error {
	c.count("put")
	return c.Store.PutSession(ctx, s)
}

func (c *counted) TouchToken(ctx context.Context, id string) error {
	c.count("touch")
	return c.Store.TouchToken(ctx, id)
}
