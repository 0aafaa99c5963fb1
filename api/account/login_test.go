package account

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"triagent/store"
)

func TestFirstStart(t *testing.T) {
	h := empty(t, func(c *Config) { c.PublicURL = func(context.Context) string { return "https://t.example.com/" } })
	first, err := h.a.Setup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := h.a.Setup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(first, "https://t.example.com/setup?token=") || first == second {
		t.Fatalf("links %q and %q", first, second)
	}
	b := h.guest()
	if got := b.send("GET", "/session", nil).want(200); got.at("setup") != true || got.at("user") != nil {
		t.Fatalf("before: %s", got.raw)
	}
	token := strings.TrimPrefix(second, "https://t.example.com/setup?token=")
	setup := func(token, name, password string) *answer {
		return b.send("POST", "/session/setup", map[string]any{"token": token, "name": name, "password": password, "email": "ada@example.com"})
	}
	setup(newSecret(), "ada", password).want(410)
	setup("x", "ada", password).want(410)
	setup(token, "ada", "short").want(422)
	setup(token, "a b", password).want(422)
	got := setup(token, " Ada ", password).want(200)
	if got.text("user", "name") != "ada" || got.text("user", "role") != "admin" || got.at("setup") != false || got.at("user", "has_password") != true {
		t.Fatalf("after: %s", got.raw)
	}
	setup(token, "eve", password).want(410)
	setup(strings.TrimPrefix(first, "https://t.example.com/setup?token="), "eve", password).want(410)
	if link, err := h.a.Setup(t.Context()); link != "" || err != nil {
		t.Errorf("a link %q, %v after the first admin", link, err)
	}
}

func TestSetupLinkRunsOut(t *testing.T) {
	h := empty(t, nil)
	link, err := h.a.Setup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.clock.add(25 * time.Hour)
	token := strings.TrimPrefix(link, "/setup?token=")
	h.guest().send("POST", "/session/setup", map[string]any{"token": token, "name": "ada", "password": password}).want(410)
}

func TestLoginCookie(t *testing.T) {
	h := open(t, func(c *Config) { c.PublicURL = func(context.Context) string { return "https://t.example.com" } })
	got := h.guest().send("POST", "/session", map[string]any{"name": " ADA ", "password": password}).want(200)
	res := http.Response{Header: got.header}
	c := res.Cookies()[0]
	if c.Name != CookieName || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 7*24*3600 || c.Path != "/" {
		t.Errorf("cookie %v", c)
	}
	if got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("cache %q", got.header.Get("Cache-Control"))
	}
	if strings.Contains(h.log.String(), c.Value) || strings.Contains(h.log.String(), password) {
		t.Errorf("the log has secrets: %s", h.log)
	}
}

// TestNewSessionAtLogin shows that a session someone planted is of no use.
func TestNewSessionAtLogin(t *testing.T) {
	h := open(t, nil)
	h.user("eve", store.Viewer)
	planted := h.login("eve").cookies[CookieName]
	victim := h.guest()
	victim.cookies[CookieName] = planted
	victim.send("POST", "/session", map[string]any{"name": "ada", "password": password}).want(200)
	if victim.cookies[CookieName] == planted {
		t.Fatal("the session was not renewed")
	}
	eve := h.guest()
	eve.cookies[CookieName] = planted
	eve.send("GET", "/users", nil).want(401)
	made := h.guest()
	made.cookies[CookieName] = newSecret() // never given by us
	made.send("POST", "/session", map[string]any{"name": "ada", "password": password}).want(200)
	if got := made.send("GET", "/me/sessions", nil).want(200).items(); len(got) != 4 {
		t.Errorf("%d sessions, want those of the setup, of inviting eve, and two", len(got))
	}
}

// TestLockOut shows that names nobody has are locked just like those of users.
func TestLockOut(t *testing.T) {
	h := open(t, nil)
	ada := h.login("ada")
	h.user("bob", store.Viewer)
	for _, name := range []string{"bob", "nobody"} {
		b := h.guest()
		try := func(password string) *answer {
			return b.send("POST", "/session", map[string]any{"name": name, "password": password})
		}
		for range 4 {
			if got := try("wrong").want(401); got.text("detail") != "The name or the password is wrong." {
				t.Errorf("%s: %s", name, got.raw)
			}
		}
		until := h.clock.now().Add(15 * time.Minute).Format("2006-01-02 15:04")
		if got := try("wrong").want(423); !strings.Contains(got.text("detail"), until) {
			t.Errorf("%s: %s, want %s", name, got.raw, until)
		}
		try(password).want(423)
		h.clock.add(16 * time.Minute)
		for range 4 {
			try("wrong").want(401)
		}
		until = h.clock.now().Add(30 * time.Minute).Format("2006-01-02 15:04")
		if got := try("wrong").want(423); !strings.Contains(got.text("detail"), until) {
			t.Errorf("%s, again: %s, want %s", name, got.raw, until)
		}
	}
	notices, err := h.s.NextNotices(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(notices) != 2 || notices[0].Kind != "account" || notices[0].Detail["name"] != "bob" || notices[0].Detail["event"] != "locked" {
		t.Errorf("told: %+v", notices)
	}
	var bob map[string]any
	for _, u := range ada.send("GET", "/users", nil).want(200).items() {
		if u["name"] == "bob" {
			bob = u
		}
	}
	if bob["locked_until"] == nil {
		t.Errorf("bob is not locked: %v", bob)
	}
	if got := ada.send("POST", "/users/"+bob["id"].(string)+"/unlock", nil).want(200); got.at("locked_until") != nil {
		t.Errorf("still locked: %s", got.raw)
	}
	h.login("bob")
}

func TestLockFor(t *testing.T) {
	c := Config{}
	c.fill()
	for locks, want := range map[int]time.Duration{0: 15 * time.Minute, 1: 30 * time.Minute, 3: 2 * time.Hour, 7: 24 * time.Hour, 1000: 24 * time.Hour} {
		if got := c.lockFor(locks); got != want {
			t.Errorf("lockFor(%d) = %v, want %v", locks, got, want)
		}
	}
}

func TestStreaksAreBounded(t *testing.T) {
	h := empty(t, nil)
	for range 3 * maxStreaks {
		h.a.streaks.locked(newSecret())
	}
	if n := len(h.a.streaks.names); n > maxStreaks {
		t.Errorf("%d names are remembered", n)
	}
}

func TestResetLink(t *testing.T) {
	h := open(t, nil)
	ada := h.login("ada")
	bob := h.user("bob", store.Operator)
	id := bob.send("GET", "/session", nil).text("user", "id")
	link := func() string {
		u := ada.send("POST", "/users/"+id+"/reset", nil).want(200).text("invite_url")
		_, token, _ := strings.Cut(u, "/invite?token=")
		return token
	}
	first, second := link(), link()
	fresh := h.guest()
	fresh.send("POST", "/session/invite", map[string]any{"token": first, "password": "short"}).want(422)
	fresh.send("POST", "/session/invite", map[string]any{"token": first, "password": "another long one"}).want(200)
	h.guest().send("POST", "/session/invite", map[string]any{"token": first, "password": password}).want(410)
	h.guest().send("POST", "/session/invite", map[string]any{"token": second, "password": password}).want(410) // void since the first
	bob.send("GET", "/users", nil).want(401)
	fresh.send("GET", "/users", nil).want(200)
	late := link()
	h.clock.add(25 * time.Hour)
	h.guest().send("POST", "/session/invite", map[string]any{"token": late, "password": password}).want(410)
}

func TestPasswordChange(t *testing.T) {
	h := open(t, nil)
	here, there := h.login("ada"), h.login("ada")
	put := func(old, password string) *answer {
		return here.send("PUT", "/me/password", map[string]any{"old": old, "new": password})
	}
	put("wrong password", "another long one").want(422)
	put(password, "short").want(422)
	put(password, "aaaaaaaaaaaaa").want(422)
	put(password, "another long one").want(204)
	here.send("GET", "/users", nil).want(200)
	there.send("GET", "/users", nil).want(401)
	h.guest().send("POST", "/session", map[string]any{"name": "ada", "password": password}).want(401)
	for range 3 { // with the log-in above: four in a row
		put("wrong password", "yet another one").want(422)
	}
	put("wrong password", "yet another one").want(423)
}

func TestOldCostIsRenewed(t *testing.T) {
	h := open(t, nil)
	u, err := h.s.UserByName(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	old := derive(cost{memory: 8 << 10, passes: 1, threads: 2}, password).String()
	if _, err := h.s.UpdateUser(t.Context(), store.Actor{}, u.ID, u.Version, func(u *store.User) error { u.Password = old; return nil }); err != nil {
		t.Fatal(err)
	}
	h.login("ada")
	if u, err = h.s.UserByName(t.Context(), "ada"); err != nil || u.Password == old || !strings.Contains(u.Password, "m=19456,t=2,p=1") {
		t.Errorf("the cost stays: %v", err)
	}
	h.login("ada")
}

func TestLogout(t *testing.T) {
	h := open(t, nil)
	b := h.login("ada")
	cookie := b.cookies[CookieName]
	b.send("DELETE", "/session", nil).want(204)
	if _, ok := b.cookies[CookieName]; ok {
		t.Error("the cookie stays")
	}
	b.cookies[CookieName] = cookie
	b.send("GET", "/users", nil).want(401)
	b.send("GET", "/session", nil).want(200)
	if _, ok := b.cookies[CookieName]; ok {
		t.Error("a cookie that is of no use stays")
	}
}

func TestDemo(t *testing.T) {
	for _, tt := range []struct {
		name    string
		demo    bool
		addr    string
		host    string
		headers []string
		status  int
	}{
		{"this machine", true, "127.0.0.1:5000", "127.0.0.1:8080", nil, 200},
		{"by name", true, "127.0.0.1:5000", "localhost:8080", nil, 200},
		{"version 6", true, "[::1]:5000", "[::1]:8080", nil, 200},
		{"no demo", false, "127.0.0.1:5000", "127.0.0.1:8080", nil, 403},
		{"another machine", true, "192.0.2.1:5000", "localhost:8080", nil, 403},
		{"a name that was made to point here", true, "127.0.0.1:5000", "evil.example.com:8080", nil, 403},
		{"a name that looks like us", true, "127.0.0.1:5000", "localhost.example.com", nil, 403},
		{"through a proxy", true, "127.0.0.1:5000", "localhost:8080", []string{"X-Forwarded-For", "192.0.2.1"}, 403},
		{"another site", true, "127.0.0.1:5000", "localhost:8080", []string{"Sec-Fetch-Site", "cross-site"}, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := empty(t, func(c *Config) { c.Demo = tt.demo })
			b := h.guest()
			b.addr, b.host = tt.addr, tt.host
			if got := b.send("POST", "/session", map[string]any{"demo": true}, tt.headers...).want(tt.status); tt.status == 200 {
				if got.text("user", "role") != "admin" || got.at("demo") != true || got.at("user", "oidc") != false {
					t.Errorf("%s", got.raw)
				}
				b.send("GET", "/users", nil).want(200)
				b.addr = "192.0.2.1:5000"
				b.send("GET", "/users", nil).want(401) // the cookie is good on this machine only
			}
		})
	}
}

// TestDemoEnds shows that the sessions of a demo are of no use when the same
// data is served in earnest, and that an admin is still asked for.
func TestDemoEnds(t *testing.T) {
	h := empty(t, func(c *Config) { c.Demo = true })
	b := h.guest()
	b.addr, b.host = "127.0.0.1:5000", "127.0.0.1:8080"
	b.send("POST", "/session", map[string]any{"demo": true}).want(200)
	b.send("POST", "/session", map[string]any{"demo": true}).want(200)
	made := b.token(ScopeRead)
	a, err := New(Config{Now: h.clock.now}, h.s)
	if err != nil {
		t.Fatal(err)
	}
	h.a = a
	h.mount()
	b.send("GET", "/users", nil).want(401)
	made.send("GET", "/users", nil).want(401)
	if got := b.send("GET", "/session", nil).want(200); got.at("setup") != true {
		t.Errorf("no admin is asked for: %s", got.raw)
	}
}
