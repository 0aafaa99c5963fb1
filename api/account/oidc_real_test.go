package account

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"triagent/store"
)

// realProvider starts oidc-provider-mock (PyPI; Authlib) with the users alice,
// of the group sre, and bob, and returns its issuer. It is found by the
// variable TRIAGENT_TEST_OIDC or in PATH; without it the test is skipped.
func realProvider(t *testing.T) string {
	t.Helper()
	command := os.Getenv("TRIAGENT_TEST_OIDC")
	if command == "" {
		var err error
		if command, err = exec.LookPath("oidc-provider-mock"); err != nil {
			t.Skip("oidc-provider-mock is neither in TRIAGENT_TEST_OIDC nor in PATH")
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close() // the provider takes it
	cmd := exec.CommandContext(t.Context(), command, "-p", strconv.Itoa(port), "--require-nonce", "true",
		"--user-claims", `{"sub":"alice","email":"alice@x.test","email_verified":true,"name":"Alice A.","preferred_username":"Alice","groups":["sre","staff"]}`,
		"--user-claims", `{"sub":"bob","email":"bob@x.test","groups":["staff"]}`)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	issuer := "http://127.0.0.1:" + strconv.Itoa(port)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	for {
		r, err := http.NewRequestWithContext(ctx, "GET", issuer+"/.well-known/openid-configuration", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err == nil {
			_ = res.Body.Close()
			return issuer
		}
		if ctx.Err() != nil {
			t.Fatalf("the provider does not start: %v", err)
		}
	}
}

// withProvider configures a provider that gives operators and viewers.
func withProvider(issuer string, edit func(*Provider)) func(*Config) {
	return func(c *Config) {
		p := Provider{
			ID: "sso", Name: "Company", Issuer: issuer, ClientID: "triagent", ClientSecret: "hush", AllowCreate: true,
			RoleClaim: "groups", RoleMap: map[string]store.Role{"sre": store.Operator, "boss": store.Admin}, DefaultRole: store.Viewer,
		}
		if edit != nil {
			edit(&p)
		}
		c.OIDC = []Provider{p}
	}
}

// begin starts a log-in by OIDC and returns the address at the provider.
func (b *browser) begin(query string) *url.URL {
	b.h.t.Helper()
	got := b.send("GET", "/session/oidc/sso/login"+query, nil).want(302)
	u, err := url.Parse(got.header.Get("Location"))
	if err != nil {
		b.h.t.Fatal(err)
	}
	return u
}

// consent answers the provider's form as a user and returns where it leads.
func consent(t *testing.T, at *url.URL, form url.Values) *url.URL {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.PostForm(at.String(), form)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	to, err := res.Location()
	if err != nil {
		t.Fatalf("%d from the provider: %v", res.StatusCode, err)
	}
	return to
}

func (b *browser) back(to *url.URL) *answer {
	b.h.t.Helper()
	return b.get("GET", to.RequestURI(), nil).want(302)
}

func TestOIDCWithRealProvider(t *testing.T) {
	issuer := realProvider(t)
	h := open(t, withProvider(issuer, nil))
	b := h.guest()
	if got := b.send("GET", "/session", nil).want(200); !strings.Contains(got.raw, `"oidc":[{"id":"sso","name":"Company","url":"/api/v1/session/oidc/sso/login"}]`) {
		t.Errorf("session %s", got.raw)
	}
	at := b.begin("?next=/incidents/inc-4")
	q := at.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || q.Get("state") == "" ||
		q.Get("redirect_uri") != "http://triagent.example.com/api/v1/session/oidc/sso/callback" {
		t.Errorf("asked with %v", q)
	}
	to := consent(t, at, url.Values{"sub": {"alice"}})
	if got := b.back(to); got.header.Get("Location") != "/incidents/inc-4" {
		t.Errorf("sent to %s", got.header.Get("Location"))
	}
	got := b.send("GET", "/session", nil).want(200)
	if got.text("user", "name") != "alice" || got.text("user", "display") != "Alice A." || got.text("user", "role") != "operator" || got.at("user", "oidc") != true {
		t.Errorf("logged in as %s", got.raw)
	}
	if got := b.back(to); got.header.Get("Location") != "/login?error=oidc_expired" {
		t.Errorf("the answer is good twice: %s", got.header.Get("Location"))
	}
	b.send("PUT", "/me/password", map[string]any{"old": "", "new": password}).want(422)

	bob := h.guest()
	bob.back(consent(t, bob.begin(""), url.Values{"sub": {"bob"}}))
	if got := bob.send("GET", "/session", nil).want(200); got.text("user", "role") != "viewer" || got.text("user", "name") != "bob" {
		t.Errorf("logged in as %s", got.raw)
	}
	again := h.guest()
	again.back(consent(t, again.begin("?next=//evil.example.com"), url.Values{"sub": {"alice"}}))
	if again.id() != b.id() {
		t.Error("the second log-in made another account")
	}
	for _, secret := range []string{"hush", to.Query().Get("code"), to.Query().Get("state")} {
		if strings.Contains(h.log.String(), secret) {
			t.Errorf("the log has a secret: %s", h.log)
		}
	}
}

// TestOIDCOtherBrowser shows that an answer is good only in the browser that
// asked, and a no of the user is one.
func TestOIDCOtherBrowser(t *testing.T) {
	h := open(t, withProvider(realProvider(t), nil))
	mallory, victim := h.guest(), h.guest()
	to := consent(t, mallory.begin(""), url.Values{"sub": {"bob"}})
	victim.begin("")
	if got := victim.back(to); got.header.Get("Location") != "/login?error=oidc_expired" {
		t.Errorf("the victim is sent to %s", got.header.Get("Location"))
	}
	if got := victim.send("GET", "/session", nil); got.at("user") != nil {
		t.Errorf("the victim is logged in: %s", got.raw)
	}
	at := mallory.begin("")
	denied := &url.URL{Path: "/api/v1/session/oidc/sso/callback", RawQuery: url.Values{"state": {at.Query().Get("state")}, "error": {"access_denied"}}.Encode()}
	if got := mallory.back(denied); got.header.Get("Location") != "/login?error=oidc_denied" {
		t.Errorf("a no leads to %s", got.header.Get("Location"))
	}
	at = mallory.begin("")
	forged := &url.URL{Path: denied.Path, RawQuery: url.Values{"state": {at.Query().Get("state")}, "code": {"forged"}}.Encode()}
	if got := mallory.back(forged); got.header.Get("Location") != "/login?error=oidc_denied" {
		t.Errorf("a forged code leads to %s", got.header.Get("Location"))
	}
}
