package account

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"triagent/store"
)

// TestRolesAndRoutes calls every operation as everybody. What is let in may
// still be told that its input is wrong, but not that it may not ask.
func TestRolesAndRoutes(t *testing.T) {
	h := open(t, nil)
	people := map[store.Role]*browser{store.Admin: h.login("ada")}
	for _, r := range roles[:3] {
		people[r] = h.user("the-"+string(r), r)
	}
	ops := Operations(h.api)
	if len(ops) < 30 {
		t.Fatalf("only %d operations", len(ops))
	}
	for _, o := range ops {
		if strings.HasPrefix(o.Path, "/session") && o.Method != "GET" || o.Path == "/me/password" {
			continue // they change who asks
		}
		path := strings.NewReplacer("{id}", "none", "{hash8}", "00000000").Replace(o.Path)
		for role, b := range people {
			got := b.send(o.Method, path, emptyBody(o.Method))
			if denied := got.status == 401 || got.status == 403; denied == o.Allows(role) {
				t.Errorf("%s %s as %s: %d, allowed: %v", o.Method, o.Path, role, got.status, o.Allows(role))
			}
		}
		got := h.guest().send(o.Method, path, emptyBody(o.Method))
		if (got.status == 401) == o.Open {
			t.Errorf("%s %s as nobody: %d, open: %v", o.Method, o.Path, got.status, o.Open)
		}
	}
}

func emptyBody(method string) any {
	if method == "GET" || method == "DELETE" {
		return nil
	}
	return "{}"
}

// TestScopes goes through operations and scopes of tokens.
func TestScopes(t *testing.T) {
	h := open(t, nil)
	ada := h.login("ada")
	sets := [][]string{{ScopeRead}, {ScopeWrite}, {ScopeHooks}, {ScopeMetrics}, {ScopeAdmin}, {ScopeHooks, ScopeMetrics}}
	// For each operation, the first scopes of the sets above that open it.
	opens := map[string][]bool{
		"read": {true, true, false, false, true, false}, "write": {false, true, false, false, true, false},
		"hooks": {false, false, true, false, true, true}, "metrics": {false, false, false, true, true, true},
		"admin": {false, false, false, false, true, false}, "people": {false, false, false, false, false, false},
	}
	for i, set := range sets {
		c := ada.token(set...)
		for name, want := range opens {
			o := Operation{Role: store.Viewer, Scope: name}
			if name == "people" {
				o.Scope = ScopeSession
			}
			if o.AllowsToken(store.Admin, set...) != want[i] {
				t.Errorf("AllowsToken(%v) of %s is not %v", set, name, want[i])
			}
			for _, method := range []string{"GET", "POST"} {
				status := 204
				if !want[i] {
					status = 403
				}
				if got := c.send(method, "/probe/"+name, nil); got.status != status {
					t.Errorf("%s %s with %v: %d, want %d", method, name, set, got.status, status)
				}
			}
		}
		if got := c.get("GET", "/metrics", nil); (got.status == 200) != opens["metrics"][i] {
			t.Errorf("/metrics with %v: %d", set, got.status)
		}
	}
}

// TestTokenNeedsRole shows that a token cannot do what its owner may not.
func TestTokenNeedsRole(t *testing.T) {
	h := open(t, nil)
	bob := h.user("bob", store.Viewer)
	for _, scope := range []string{ScopeWrite, ScopeHooks, ScopeAdmin} {
		bob.send("POST", "/me/tokens", map[string]any{"name": "t", "scopes": []string{scope}}).want(422)
	}
	c := bob.token(ScopeRead)
	c.send("GET", "/users", nil).want(200)
	c.send("GET", "/tokens", nil).want(403)
	// Even one with the scope, made while bob was more.
	value := TokenPrefix + newSecret()
	id := bob.send("GET", "/session", nil).text("user", "id")
	if _, err := h.s.CreateToken(t.Context(), store.Actor{}, store.Token{ID: newID("tok-"), User: id, Name: "old", Scopes: []string{ScopeAdmin}, Hash: hashOf(value), Created: h.clock.now()}); err != nil {
		t.Fatal(err)
	}
	c.headers["Authorization"] = "Bearer " + value
	c.send("GET", "/tokens", nil).want(403)
	if got := c.send("GET", "/users", nil).want(200).items(); got[0]["name"] != nil {
		t.Errorf("a viewer sees %v", got[0])
	}
}

func TestCrossSiteRequests(t *testing.T) {
	h := open(t, nil)
	ada := h.login("ada")
	good := ada.csrf
	other := h.login("ada").csrf
	for _, tt := range []struct {
		name, method, csrf string
		headers            []string
		status             int
	}{
		{"right", "POST", good, nil, 204},
		{"none", "POST", "", nil, 403},
		{"wrong", "POST", good[:len(good)-1] + "!", nil, 403},
		{"of another session", "POST", other, nil, 403},
		{"reading needs none", "GET", "", nil, 204},
		{"same origin", "POST", good, []string{"Sec-Fetch-Site", "same-origin"}, 204},
		{"same site", "POST", good, []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"cross site", "POST", good, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"our origin", "POST", good, []string{"Origin", "http://triagent.example.com"}, 204},
		{"another origin", "POST", good, []string{"Origin", "http://evil.example.com"}, 403},
		{"no origin", "POST", good, []string{"Origin", "null"}, 403},
		{"reading from elsewhere is the browser's to refuse", "GET", "", []string{"Sec-Fetch-Site", "cross-site"}, 204},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ada.csrf = tt.csrf
			if got := ada.send(tt.method, "/probe/write", nil, tt.headers...); got.status != tt.status {
				t.Errorf("%d, want %d: %s", got.status, tt.status, got.raw)
			}
		})
	}
	ada.csrf = ""
	h.guest().send("POST", "/probe/open", nil).want(204)
	h.guest().send("POST", "/probe/open", nil, "Sec-Fetch-Site", "cross-site").want(403)
	h.guest().send("POST", "/session", map[string]any{"name": "ada", "password": password}, "Origin", "http://evil.example.com").want(403)
	ada.token2(good, ScopeWrite).send("POST", "/probe/write", nil).want(204) // a token needs no CSRF token
}

// token2 makes a token with a CSRF token that the test took away.
func (b *browser) token2(csrf string, scopes ...string) *browser {
	b.csrf = csrf
	return b.token(scopes...)
}

// TestPublicOrigin shows that a proxy may change the Host.
func TestPublicOrigin(t *testing.T) {
	h := open(t, func(c *Config) {
		c.PublicURL = func(context.Context) string { return "https://t.example.com" }
	})
	ada := h.login("ada")
	ada.send("POST", "/probe/write", nil, "Origin", "https://t.example.com").want(204)
	ada.send("POST", "/probe/write", nil, "Origin", "https://evil.example.com").want(403)
}

func TestBadCredentials(t *testing.T) {
	h := open(t, nil)
	ada := h.login("ada")
	basic := ada.token(ScopeHooks, ScopeRead)
	value := strings.TrimPrefix(basic.headers["Authorization"], "Bearer ")
	for _, tt := range []struct {
		name, authorization, path string
		status                    int
	}{
		{"unknown", "Bearer " + TokenPrefix + newSecret(), "read", 401},
		{"no token", "Bearer x", "read", 401},
		{"empty", "Bearer ", "read", 401},
		{"too long", "Bearer " + value + "A", "read", 401},
		{"lower case scheme", "bearer " + value, "read", 204},
		{"as a password, hooks", basicAuth("any", value), "hooks", 204},
		{"as a password, other", basicAuth("any", value), "read", 401},
		{"a proxy's password", basicAuth("any", "secret"), "read", 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := h.guest().send("GET", "/probe/"+tt.path, nil, "Authorization", tt.authorization); got.status != tt.status {
				t.Errorf("%d, want %d: %s", got.status, tt.status, got.raw)
			} else if got.status == 401 && got.header.Get("WWW-Authenticate") == "" {
				t.Error("401 without a challenge")
			}
		})
	}
	ada.send("GET", "/probe/read", nil, "Authorization", basicAuth("any", "secret")).want(204) // the session counts
	ada.send("GET", "/probe/read", nil, "Authorization", "Bearer x").want(401)                 // what is shown counts
	guest := h.guest()
	guest.cookies[CookieName] = "../../etc/passwd"
	guest.send("GET", "/probe/read", nil).want(401)
	if strings.Contains(h.log.String(), value) {
		t.Error("the log has a token")
	}
}

func basicAuth(user, password string) string {
	r, _ := http.NewRequest("GET", "/", nil)
	r.SetBasicAuth(user, password)
	return r.Header.Get("Authorization")
}

// TestNoMetadata shows that an operation without it cannot be registered, and
// that a hidden one is refused.
func TestNoMetadata(t *testing.T) {
	h := open(t, nil)
	for name, meta := range map[string]map[string]any{
		"none": nil, "no scope": {"role": store.Viewer}, "no role": {"scope": ScopeRead}, "unknown role": {"role": "root", "scope": ScopeRead},
		"unknown scope": Metadata(store.Viewer, "all"),
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "/bare") {
					t.Errorf("registered: %v", r)
				}
			}()
			api := humachi.New(chi.NewMux(), huma.DefaultConfig("t", "1"))
			api.UseMiddleware(h.a.Guard(api))
			huma.Register(api, huma.Operation{Method: "GET", Path: "/bare", Metadata: meta}, func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
		})
	}
	huma.Register(h.api, huma.Operation{Method: "GET", Path: "/hidden", Hidden: true}, func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	h.login("ada").send("GET", "/hidden", nil).want(403)
}

// TestWithoutMiddleware shows that nothing is let in when it was forgotten.
func TestWithoutMiddleware(t *testing.T) {
	h := open(t, nil)
	b := h.login("ada")
	h.mux = chi.NewMux()
	h.mux.With(h.a.Need(store.Viewer, ScopeMetrics)).Get("/metrics", func(http.ResponseWriter, *http.Request) { t.Error("let in") })
	b.get("GET", "/metrics", nil).want(500)
}

// TestDeclared shows that the description says what opens an operation.
func TestDeclared(t *testing.T) {
	h := open(t, nil)
	users := h.api.OpenAPI().Paths["/users"].Get
	if len(users.Security) != 2 || users.Security[1]["token"][0] != ScopeRead {
		t.Errorf("security %v", users.Security)
	}
	for name, want := range map[string]int{"SelfWire": 12, "Invited": 13, "TokenMade": 8, "UserJSON": 12} {
		if s := h.api.OpenAPI().Components.Schemas.Map()[name]; s == nil || len(s.Properties) != want {
			t.Errorf("schema %s: %+v, want %d properties", name, s, want)
		}
	}
	if login := h.api.OpenAPI().Paths["/session"].Post; login.Security == nil || len(login.Security) != 0 {
		t.Errorf("log-in: %v", login.Security)
	}
}

func TestRateLimits(t *testing.T) {
	h := open(t, nil)
	h.a.logins, h.a.refusals = newLimiter(3), newLimiter(5)
	b := h.guest()
	for range 3 {
		b.send("POST", "/session", map[string]any{"name": "x", "password": "y"}).want(401)
	}
	got := b.send("POST", "/session", map[string]any{"name": "ada", "password": password}).want(429)
	if got.header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
	}
	b.addr = "192.0.2.99:1"
	b.send("POST", "/session", map[string]any{"name": "ada", "password": password}).want(200)
	stranger := h.guest()
	for range 5 {
		stranger.send("GET", "/users", nil).want(401)
	}
	if got := stranger.get("GET", "/metrics", nil).want(429); got.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	b.addr = stranger.addr
	b.send("GET", "/users", nil).want(200) // who is known does not suffer
	v6 := h.guest()
	for i := range 6 {
		v6.addr = fmt.Sprintf("[2001:db8::%x]:1", i)
		if got := v6.send("GET", "/users", nil); (got.status == 429) != (i == 5) {
			t.Errorf("address %d of one network: %d", i, got.status)
		}
	}
}

// TestClientAddress shows whose word about the address counts.
func TestClientAddress(t *testing.T) {
	for _, tt := range []struct {
		name, peer, forwarded, proto string
		want                         string
		secure                       bool
	}{
		{"direct", "192.0.2.7:1", "", "", "192.0.2.7", false},
		{"a stranger's word", "192.0.2.7:1", "198.51.100.1", "https", "192.0.2.7", false},
		{"the proxy's word", "10.0.0.1:1", "198.51.100.1", "https", "198.51.100.1", true},
		{"a client that lies to the proxy", "10.0.0.1:1", "203.0.113.9, 198.51.100.1", "http", "198.51.100.1", false},
		{"version 4 within 6", "[::ffff:10.0.0.1]:1", "198.51.100.1", "", "198.51.100.1", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := open(t, func(c *Config) { c.Proxies = prefixes("10.0.0.0/8") })
			b := h.guest()
			b.addr = tt.peer
			got := b.send("POST", "/session", map[string]any{"name": "ada", "password": password}, "X-Forwarded-For", tt.forwarded, "X-Forwarded-Proto", tt.proto).want(200)
			if secure := strings.Contains(got.header.Get("Set-Cookie"), "Secure"); secure != tt.secure {
				t.Errorf("secure %v", secure)
			}
			for _, s := range b.send("GET", "/me/sessions", nil).want(200).items() {
				if s["current"] == true && s["addr"] != tt.want {
					t.Errorf("address %v, want %s", s["addr"], tt.want)
				}
			}
		})
	}
}
