package account

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"triagent/store"
)

// rogue is a provider that answers as a test says. It signs with key and checks
// PKCE; what it says of the user can be bent.
type rogue struct {
	*httptest.Server
	t         testing.TB
	key       *rsa.PrivateKey
	published *rsa.PrivateKey
	challenge string
	nonce     string
	claims    map[string]any // of the ID token, over the right ones
	info      map[string]any // of the user information
	down      atomic.Bool
	now       func() time.Time
}

func newRogue(t testing.TB) *rogue {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	r := &rogue{t: t, key: key, published: key, claims: map[string]any{}, now: time.Now}
	r.Server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.Close)
	return r
}

func (r *rogue) serve(w http.ResponseWriter, req *http.Request) {
	if r.down.Load() {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.Close()
		}
		return
	}
	w.Header().Set("Content-Type", "application/json")
	b64 := base64.RawURLEncoding.EncodeToString
	var answer map[string]any
	switch req.URL.Path {
	case "/.well-known/openid-configuration":
		answer = map[string]any{
			"issuer": r.URL, "authorization_endpoint": r.URL + "/auth", "token_endpoint": r.URL + "/token", "jwks_uri": r.URL + "/keys",
			"userinfo_endpoint": r.URL + "/info", "id_token_signing_alg_values_supported": []string{"RS256"},
		}
	case "/keys":
		answer = map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k", "n": b64(r.published.N.Bytes()), "e": b64(big.NewInt(int64(r.published.E)).Bytes()),
		}}}
	case "/info":
		answer = r.info
	case "/token":
		if oauth2.S256ChallengeFromVerifier(req.FormValue("code_verifier")) != r.challenge {
			w.WriteHeader(http.StatusBadRequest)
			answer = map[string]any{"error": "invalid_grant"}
			break
		}
		answer = map[string]any{"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": r.idToken()}
	}
	_ = json.NewEncoder(w).Encode(answer) // the client tells
}

func (r *rogue) idToken() string {
	claims := map[string]any{"iss": r.URL, "sub": "carol", "aud": "triagent", "nonce": r.nonce, "exp": r.now().Add(time.Minute).Unix(), "iat": r.now().Unix(), "email": "carol@x.test", "groups": []string{"sre"}}
	for k, v := range r.claims {
		claims[k] = v
		if v == nil {
			delete(claims, k)
		}
	}
	body, err := json.Marshal(claims)
	if err != nil {
		r.t.Error(err)
	}
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + base64.RawURLEncoding.EncodeToString(body)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, r.key, crypto.SHA256, sum[:])
	if err != nil {
		r.t.Error(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// login logs a browser in at the rogue and returns where it is sent.
func (r *rogue) login(b *browser) string {
	b.h.t.Helper()
	q := b.begin("").Query()
	if q.Get("error") != "" {
		b.h.t.Fatalf("not sent to the provider: %v", q)
	}
	r.challenge, r.nonce = q.Get("code_challenge"), q.Get("nonce")
	to := &url.URL{Path: "/api/v1/session/oidc/sso/callback", RawQuery: url.Values{"state": {q.Get("state")}, "code": {"c"}, "session_state": {"x"}}.Encode()}
	return b.back(to).header.Get("Location")
}

// TestOIDCAttacks shows that an ID token that is not ours, fresh and signed
// lets nobody in.
func TestOIDCAttacks(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	const denied = "/login?error=oidc_denied"
	for _, tt := range []struct {
		name string
		bend func(*rogue)
		want string
	}{
		{"right", func(*rogue) {}, "/"},
		{"another nonce", func(r *rogue) { r.claims["nonce"] = newSecret() }, denied},
		{"no nonce", func(r *rogue) { r.claims["nonce"] = nil }, denied},
		{"for another client", func(r *rogue) { r.claims["aud"] = "other" }, denied},
		{"given to another client", func(r *rogue) { r.claims["azp"] = "other" }, denied},
		{"another issuer", func(r *rogue) { r.claims["iss"] = "https://evil.example.com" }, denied},
		{"run out", func(r *rogue) { r.claims["exp"] = r.now().Add(-time.Hour).Unix() }, denied},
		{"signed by another key", func(r *rogue) { r.key = other }, denied},
		{"user information of someone else", func(r *rogue) {
			r.claims["email"], r.info = nil, map[string]any{"sub": "eve", "email": "eve@x.test"}
		}, denied},
		{"user information adds", func(r *rogue) {
			r.claims["groups"], r.info = nil, map[string]any{"sub": "carol", "groups": []string{"boss"}}
		}, "/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRogue(t)
			h := open(t, withProvider(r.URL, nil))
			r.now = h.clock.now
			tt.bend(r)
			b := h.guest()
			if got := r.login(b); got != tt.want {
				t.Errorf("sent to %s, want %s; %s", got, tt.want, h.log)
			}
			if in := b.send("GET", "/session", nil).at("user") != nil; in != (tt.want == "/") {
				t.Errorf("logged in: %v", in)
			}
		})
	}
}

// TestOIDCRoles follows one user through the provider's changes.
func TestOIDCRoles(t *testing.T) {
	r := newRogue(t)
	h := open(t, withProvider(r.URL, func(p *Provider) { p.DefaultRole = "" }))
	ada := h.login("ada")
	b := h.guest()
	r.claims["groups"] = []string{"staff"}
	if got := r.login(b); got != "/login?error=oidc_no_role" {
		t.Errorf("without a role: %s", got)
	}
	for _, step := range []struct {
		groups any
		role   string
	}{{"sre", "operator"}, {[]string{"sre", "boss"}, "admin"}, {[]any{"sre", 7}, "operator"}} {
		r.claims["groups"] = step.groups
		if got := r.login(b); got != "/" {
			t.Fatalf("%v: %s %s", step.groups, got, h.log)
		}
		if got := b.send("GET", "/session", nil).text("user", "role"); got != step.role {
			t.Errorf("%v gives %s, want %s", step.groups, got, step.role)
		}
	}
	ada.send("PATCH", "/users/"+b.id(), map[string]any{"disabled": true}, "If-Match", "*").want(200)
	if got := r.login(b); got != "/login?error=oidc_disabled" {
		t.Errorf("disabled: %s", got)
	}
}

// TestOIDCInvited shows who gets an account where the provider may not make any:
// whom an admin invited by a verified address, and nobody's account that is in
// use.
func TestOIDCInvited(t *testing.T) {
	r := newRogue(t)
	h := open(t, withProvider(r.URL, func(p *Provider) { p.AllowCreate, p.RoleClaim, p.RoleMap = false, "", nil }))
	ada := h.login("ada")
	b := h.guest()
	if got := r.login(b); got != "/login?error=oidc_no_account" {
		t.Errorf("unknown: %s", got)
	}
	made := ada.send("POST", "/users", map[string]any{"name": "cc", "role": "approver", "email": "Carol@x.test"}).want(201)
	if got := r.login(b); got != "/login?error=oidc_no_account" {
		t.Errorf("the address is not verified: %s", got)
	}
	r.claims["email_verified"] = true
	if got := r.login(b); got != "/" || b.id() != made.text("id") {
		t.Errorf("invited: %s", got)
	}
	if got := b.send("GET", "/session", nil).text("user", "role"); got != "approver" {
		t.Errorf("role %s", got)
	}
	r.claims["sub"], r.claims["email"] = "eve", "ada@example.com"
	if _, err := h.s.UpdateUser(t.Context(), store.Actor{}, ada.id(), 0, func(u *store.User) error { u.Email = "ada@example.com"; return nil }); err != nil {
		t.Fatal(err)
	}
	if got := r.login(h.guest()); got != "/login?error=oidc_no_account" {
		t.Errorf("eve takes ada's account: %s", got)
	}
}

// TestOIDCDown shows that a provider that is down stops neither the start nor
// other log-ins, and is asked again.
func TestOIDCDown(t *testing.T) {
	r := newRogue(t)
	r.down.Store(true)
	h := open(t, withProvider(r.URL, nil))
	r.now = h.clock.now
	h.login("ada")
	b := h.guest()
	if got := b.begin(""); got.String() != "/login?error=oidc_unavailable" {
		t.Errorf("down: %s", got)
	}
	r.down.Store(false)
	if got := b.begin(""); got.String() != "/login?error=oidc_unavailable" {
		t.Errorf("asked again at once: %s", got)
	}
	h.clock.add(retryDiscovery)
	q := b.begin("").Query()
	r.down.Store(true)
	to := &url.URL{Path: "/api/v1/session/oidc/sso/callback", RawQuery: url.Values{"state": {q.Get("state")}, "code": {"c"}}.Encode()}
	if got := b.back(to).header.Get("Location"); got != "/login?error=oidc_unavailable" {
		t.Errorf("down in the middle: %s", got)
	}
	r.down.Store(false)
	if got := r.login(b); got != "/" {
		t.Errorf("up again: %s", got)
	}
	b.send("GET", "/session/oidc/other/login", nil).want(404)
}

func TestProviderValidate(t *testing.T) {
	good := Provider{ID: "sso", Issuer: "https://login.example.com", ClientID: "c", DefaultRole: store.Viewer}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, bend := range map[string]func(*Provider){
		"id": func(p *Provider) { p.ID = "a/b" }, "plain http": func(p *Provider) { p.Issuer = "http://login.example.com" }, "no URL": func(p *Provider) { p.Issuer = "login" },
		"no client": func(p *Provider) { p.ClientID = "" }, "role": func(p *Provider) { p.DefaultRole = "root" }, "nobody": func(p *Provider) { p.DefaultRole = "" },
		"map": func(p *Provider) { p.RoleMap = map[string]store.Role{"x": "root"} },
	} {
		p := good
		bend(&p)
		if _, err := New(Config{OIDC: []Provider{p}}, nil); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := New(Config{OIDC: []Provider{good, good}}, nil); err == nil {
		t.Error("two of one id are accepted")
	}
	good.ClientSecret = "hush"
	if s := fmt.Sprintf("%v %+v %#v", good, good, good); strings.Contains(s, "hush") {
		t.Errorf("the secret is printed: %s", s)
	}
}

func TestClaims(t *testing.T) {
	claims := map[string]any{"a": map[string]any{"b": []any{"x", 1, "y"}, "c.d": "z"}, "https://x.example.com/roles": "r", "n": 1}
	for path, want := range map[string][]string{"a.b": {"x", "y"}, "a.c.d": {"z"}, "https://x.example.com/roles": {"r"}, "n": nil, "a": nil, "a.b.c": nil, "": nil, "q.r": nil} {
		v, _ := claimAt(claims, path)
		if got := texts(v); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
	for _, tt := range [][]string{{"alice", "Alice"}, {"a-b", "a b"}, {"x", "", "x"}, {"user", "", "张"}, {"z", "..", "--z--"}, {"user"}} {
		if got := nameFrom(tt[1:]...); got != tt[0] {
			t.Errorf("nameFrom(%q) = %q, want %q", tt[1:], got, tt[0])
		}
	}
}

func TestLocalPath(t *testing.T) {
	for next, want := range map[string]string{
		"": "/", "/incidents/inc-4?tab=1#x": "/incidents/inc-4?tab=1#x", "//evil.example.com": "/", `/\evil.example.com`: "/", "https://evil.example.com": "/",
		"incidents": "/", "/\t/evil.example.com": "/", "javascript:alert(1)": "/", "/%2f/evil": "/%2f/evil",
	} {
		if got := localPath(next); got != want {
			t.Errorf("localPath(%q) = %q, want %q", next, got, want)
		}
	}
}

func FuzzLocalPath(f *testing.F) {
	f.Add("/incidents")
	f.Add(`/\x`)
	f.Add("//x")
	from, err := url.Parse("https://t.example.com/api/v1/session")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		to, err := from.Parse(localPath(next))
		if err != nil || to.Host != from.Host || to.Scheme != from.Scheme {
			t.Errorf("%q leads to %v, %v", next, to, err)
		}
	})
}
