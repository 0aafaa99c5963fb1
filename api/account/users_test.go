package account

import (
	"slices"
	"strings"
	"testing"
	"time"

	"triagent/store"
)

func (b *browser) id() string {
	b.h.t.Helper()
	return b.send("GET", "/session", nil).text("user", "id")
}

func TestUsers(t *testing.T) {
	h := open(t, nil)
	ada := h.login("ada")
	for name, body := range map[string]map[string]any{
		"no name": {"name": "", "role": "viewer"}, "spaces": {"name": "a b", "role": "viewer"}, "no role": {"name": "x", "role": "root"},
		"e-mail with a name": {"name": "x", "role": "viewer", "email": "X <x@example.com>"}, "no e-mail": {"name": "x", "role": "viewer", "email": "x"},
		"unknown field": {"name": "x", "role": "viewer", "password": "p"}, "unseen": {"name": "x", "role": "viewer", "display": "a\u202eb"},
	} {
		if got := ada.send("POST", "/users", body); got.status != 422 {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	made := ada.send("POST", "/users", map[string]any{"name": "Bob", "role": "operator", "email": "bob@example.com"}).want(201)
	if made.text("name") != "bob" || made.text("display") != "bob" || made.at("has_password") != false || made.at("last_login") != nil ||
		!strings.HasPrefix(made.text("invite_url"), "http://triagent.example.com/invite?token=") || made.header.Get("ETag") != `"1"` {
		t.Errorf("made: %s, ETag %s", made.raw, made.header.Get("ETag"))
	}
	ada.send("POST", "/users", map[string]any{"name": "bob", "role": "viewer"}).want(409)
	id := made.text("id")
	patch := func(body map[string]any, match ...string) *answer {
		return ada.send("PATCH", "/users/"+id, body, match...)
	}
	patch(map[string]any{"role": "viewer"}).want(428)
	patch(map[string]any{"role": "viewer"}, "If-Match", `"7"`).want(412)
	patch(map[string]any{"role": "viewer"}, "If-Match", `x`).want(422)
	patch(map[string]any{"display": strings.Repeat("x", 101)}, "If-Match", `"1"`).want(422)
	got := patch(map[string]any{"role": "approver", "display": "Bob B."}, "If-Match", `"1"`).want(200)
	if got.text("role") != "approver" || got.text("email") != "bob@example.com" || got.header.Get("ETag") != `"2"` {
		t.Errorf("changed: %s", got.raw)
	}
	if got := ada.send("GET", "/users/"+id, nil).want(200); got.header.Get("ETag") != `"2"` || got.text("display") != "Bob B." {
		t.Errorf("read: %s", got.raw)
	}
	ada.send("GET", "/users/none", nil).want(404)
	ada.send("DELETE", "/users/"+id, nil).want(428)
	ada.send("DELETE", "/users/"+id, nil, "If-Match", `"1"`).want(412)
	ada.send("DELETE", "/users/"+id, nil, "If-Match", `"2"`).want(204)
	ada.send("GET", "/users/"+id, nil).want(404)
}

func TestViewersSeeNamesOnly(t *testing.T) {
	h := open(t, nil)
	for _, u := range h.user("bob", store.Operator).send("GET", "/users", nil).want(200).items() {
		if len(u) != 2 || u["id"] == nil || u["display"] == nil {
			t.Errorf("an operator sees %v", u)
		}
	}
	if u := h.login("ada").send("GET", "/users", nil).want(200).items()[1]; u["name"] != "bob" || u["locked_until"] != nil || len(u) != 12 {
		t.Errorf("an admin sees %v", u)
	}
}

// TestLastAdmin shows that there is always an admin who can log in: one who was
// only invited does not count.
func TestLastAdmin(t *testing.T) {
	h := open(t, nil)
	ada := h.login("ada")
	id := ada.id()
	ada.send("POST", "/users", map[string]any{"name": "invited", "role": "admin"}).want(201)
	for _, body := range []map[string]any{{"role": "viewer"}, {"disabled": true}} {
		ada.send("PATCH", "/users/"+id, body, "If-Match", "*").want(409)
	}
	ada.send("DELETE", "/users/"+id, nil, "If-Match", "*").want(409)
	eve := h.user("eve", store.Admin)
	ada.send("PATCH", "/users/"+id, map[string]any{"role": "viewer"}, "If-Match", "*").want(200)
	ada.send("GET", "/tokens", nil).want(403)
	eve.send("DELETE", "/users/"+eve.id(), nil, "If-Match", "*").want(409)
}

// TestRightsEndAtOnce shows that who is disabled or deleted, or whose token is
// revoked, is out with the next request.
func TestRightsEndAtOnce(t *testing.T) {
	h := open(t, nil)
	ada := h.login("ada")
	bob := h.user("bob", store.Operator)
	id := bob.id()
	first, second := bob.token(ScopeRead), bob.token(ScopeRead)
	all := func(status int) {
		t.Helper()
		for _, b := range []*browser{bob, first, second} {
			b.send("GET", "/probe/read", nil).want(status)
		}
	}
	all(204)
	tokens := bob.send("GET", "/me/tokens", nil).want(200).items()
	ada.send("DELETE", "/me/tokens/"+tokens[0]["id"].(string), nil).want(404) // not hers
	bob.send("DELETE", "/me/tokens/"+tokens[0]["id"].(string), nil).want(204)
	if a, b := first.send("GET", "/probe/read", nil).status, second.send("GET", "/probe/read", nil).status; a+b != 401+204 {
		t.Errorf("after one was revoked: %d, %d", a, b)
	}
	first = bob.token(ScopeRead)
	second = first
	all(204)
	ada.send("PATCH", "/users/"+id, map[string]any{"disabled": true}, "If-Match", "*").want(200)
	all(401)
	h.guest().send("POST", "/session", map[string]any{"name": "bob", "password": password}).want(401)
	ada.send("POST", "/users/"+id+"/reset", nil).want(409)
	ada.send("PATCH", "/users/"+id, map[string]any{"disabled": false}, "If-Match", "*").want(200)
	bob.send("GET", "/probe/read", nil).want(401) // the sessions are gone for good
	first.send("GET", "/probe/read", nil).want(204)
	bob = h.login("bob")
	all(204)
	ada.send("DELETE", "/users/"+id, nil, "If-Match", "*").want(204)
	all(401)
}

func TestTokens(t *testing.T) {
	h := open(t, nil)
	ada := h.login("ada")
	for name, body := range map[string]map[string]any{
		"no scope": {"name": "t", "scopes": []string{}}, "unknown scope": {"name": "t", "scopes": []string{"all"}},
		"no name": {"name": " ", "scopes": []string{"read"}}, "past": {"name": "t", "scopes": []string{"read"}, "expires": h.clock.now().Add(-time.Minute)},
	} {
		if got := ada.send("POST", "/me/tokens", body); got.status != 422 {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	made := ada.send("POST", "/me/tokens", map[string]any{"name": "ci", "scopes": []string{"write", "read"}, "expires": h.clock.now().Add(2 * time.Hour)}).want(201)
	value := made.text("token")
	if _, ok := parseToken(value); !ok || made.header.Get("Cache-Control") != "no-store" {
		t.Errorf("token %q", value)
	}
	c := h.guest()
	c.headers["Authorization"] = "Bearer " + value
	h.s.of("touch")
	for range 10 {
		c.send("GET", "/probe/read", nil).want(204)
	}
	if n := h.s.of("touch"); n != 1 {
		t.Errorf("its use was written %d times in a minute", n)
	}
	h.clock.add(time.Minute)
	c.send("GET", "/probe/read", nil).want(204)
	if n := h.s.of("touch"); n != 1 {
		t.Errorf("its use was written %d times a minute later", n)
	}
	list := ada.send("GET", "/tokens", nil).want(200)
	i := slices.IndexFunc(list.items(), func(v map[string]any) bool { return v["name"] == "ci" })
	if i < 0 || strings.Contains(list.raw, value) || list.items()[i]["used"] == nil || list.items()[i]["expires"] == nil {
		t.Errorf("listed: %s", list.raw)
	}
	h.clock.add(2 * time.Hour)
	c.send("GET", "/probe/read", nil).want(401)
	ada.send("DELETE", "/tokens/"+made.text("id"), nil).want(204)
	ada.send("DELETE", "/tokens/"+made.text("id"), nil).want(404)
}

func TestPreferences(t *testing.T) {
	h := open(t, nil)
	ada := h.login("ada")
	if got := ada.send("GET", "/me/preferences", nil).want(200); strings.TrimSpace(got.raw) != "{}" {
		t.Errorf("at first: %s", got.raw)
	}
	ada.send("PUT", "/me/preferences", `{"lang": "zh", "n": 12345678901234567890, "deep": {"a": [1, null]}}`).want(200)
	if got := ada.send("GET", "/me/preferences", nil).want(200); strings.TrimSpace(got.raw) != `{"lang":"zh","n":12345678901234567890,"deep":{"a":[1,null]}}` {
		t.Errorf("kept: %s", got.raw)
	}
	if got := ada.send("GET", "/session", nil, "Accept-Language", "en").want(200); got.text("lang") != "zh" {
		t.Errorf("language %s", got.raw)
	}
	for _, bad := range []string{`[]`, `null`, `"x"`, `{`, ``} {
		if got := ada.send("PUT", "/me/preferences", bad); got.status != 400 && got.status != 422 {
			t.Errorf("%q: %d %s", bad, got.status, got.raw)
		}
	}
	ada.send("PUT", "/me/preferences", `{"x":"`+strings.Repeat("x", maxPreferences)+`"}`).want(413)
}

func TestLanguage(t *testing.T) {
	for accept, want := range map[string]string{"": "en", "zh-CN,zh;q=0.9,en;q=0.8": "zh", "de, en-GB": "en", "de": "en", "ZH": "zh", ";;,": "en"} {
		if got := langOf(store.User{}, accept); got != want {
			t.Errorf("langOf(%q) = %q, want %q", accept, got, want)
		}
	}
}

// TestAudit shows that what people do to accounts is written down, without
// anything secret, and that the chain holds.
func TestAudit(t *testing.T) {
	h := open(t, nil)
	bob := h.user("bob", store.Viewer)
	ada := h.login("ada")
	ada.send("POST", "/users/"+bob.id()+"/reset", nil).want(200)
	ada.send("POST", "/users/"+bob.id()+"/unlock", nil).want(200)
	bob.send("PUT", "/me/password", map[string]any{"old": password, "new": "another long one"}).want(204)
	bob.send("DELETE", "/session", nil).want(204)
	bob.send("POST", "/session", map[string]any{"name": "my secret password", "password": ""}).want(401)
	bob.send("POST", "/session", map[string]any{"name": "bob", "password": "a wrong password"}).want(401)
	ada.token(ScopeRead)
	entries, _, err := h.s.Audit(t.Context(), store.AuditFilter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, e := range entries {
		seen[e.Action]++
		for _, v := range append([]string{e.Object, e.Actor.Name}, values(e.Detail)...) {
			for _, secret := range []string{"secret", "argon2", TokenPrefix, "wrong", password} {
				if strings.Contains(v, secret) {
					t.Errorf("%s tells %q", e.Action, v)
				}
			}
		}
	}
	for _, action := range []string{"user.create", "user.update", "user.password", "user.reset", "user.unlock", "login", "login.failed", "logout", "token.create"} {
		if seen[action] == 0 {
			t.Errorf("no %s in %v", action, seen)
		}
	}
	if _, broken, err := h.s.VerifyAudit(t.Context()); broken != 0 || err != nil {
		t.Errorf("the chain is broken at %d: %v", broken, err)
	}
}

func values(m map[string]string) []string {
	var out []string
	for _, v := range m {
		out = append(out, v)
	}
	return out
}
