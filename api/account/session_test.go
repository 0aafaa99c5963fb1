package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/store"
)

func prefixes(s ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range s {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// TestSliding shows that a session lives seven days since it was used, to the
// hour, and that ordinary requests write nothing.
func TestSliding(t *testing.T) {
	h := open(t, nil)
	b := h.login("ada")
	h.s.of("put")
	for range 20 {
		b.send("GET", "/users", nil).want(200)
		h.clock.add(2 * time.Minute)
	}
	if n := h.s.of("put"); n != 0 {
		t.Errorf("%d sessions written within the hour", n)
	}
	h.clock.add(time.Hour)
	got := b.send("GET", "/users", nil).want(200)
	b.send("GET", "/users", nil).want(200)
	if n := h.s.of("put"); n != 1 || got.header.Get("Set-Cookie") == "" {
		t.Errorf("%d written after an hour, cookie %q", n, got.header.Get("Set-Cookie"))
	}
	for range 4 {
		h.clock.add(6 * 24 * time.Hour)
		b.send("GET", "/users", nil).want(200)
	}
	h.clock.add(7*24*time.Hour + time.Second)
	b.send("GET", "/users", nil).want(401)
}

// TestMemory shows that requests do not ask the store each, and that what
// another process changed is seen within five seconds.
func TestMemory(t *testing.T) {
	h := open(t, nil)
	b, c := h.login("ada"), h.login("ada").token(ScopeRead)
	b.send("GET", "/probe/read", nil).want(204)
	c.send("GET", "/probe/read", nil).want(204)
	h.s.of("read")
	for range 1000 {
		b.send("GET", "/probe/read", nil).want(204)
		c.send("GET", "/probe/read", nil).want(204)
	}
	if n := h.s.of("read"); n != 0 {
		t.Errorf("2,000 requests made %d queries", n)
	}
	p := b.principal()
	if err := h.s.DeleteSession(t.Context(), p); err != nil { // by another process
		t.Fatal(err)
	}
	b.send("GET", "/probe/read", nil).want(204)
	h.clock.add(5 * time.Second)
	b.send("GET", "/probe/read", nil).want(401)
}

func (b *browser) principal() (hash string) { return hashOf(b.cookies[CookieName]) }

func TestSessionsOfMine(t *testing.T) {
	h := open(t, nil)
	b := h.login("ada")
	other := h.login("ada")
	eve := h.user("eve", store.Viewer)
	mine := b.send("GET", "/me/sessions", nil).want(200).items()
	if len(mine) != 4 {
		t.Fatalf("%d sessions: %v", len(mine), mine)
	}
	id := other.principal()[:8]
	eve.send("DELETE", "/me/sessions/"+id, nil).want(404)
	other.send("GET", "/users", nil).want(200)
	b.send("DELETE", "/me/sessions/"+id, nil).want(204)
	other.send("GET", "/users", nil).want(401)
	b.send("DELETE", "/me/sessions/"+id, nil).want(404)
}

// TestEndedStaysEnded shows that extending a session at the same time does not
// bring back one that ends.
func TestEndedStaysEnded(t *testing.T) {
	h := open(t, nil)
	for range 30 {
		b := h.guest()
		u, err := h.s.UserByName(t.Context(), "ada")
		if err != nil {
			t.Fatal(err)
		}
		_, cookie, err := h.a.begin(t.Context(), u)
		if err != nil {
			t.Fatal(err)
		}
		b.cookies[CookieName] = cookie.Value
		b.send("GET", "/users", nil).want(200)
		h.clock.add(2 * time.Hour)
		var g errgroup.Group
		for range 4 {
			g.Go(func() error {
				c := h.guest()
				c.cookies[CookieName] = cookie.Value
				c.send("GET", "/users", nil)
				return nil
			})
		}
		g.Go(func() error { return h.a.endSession(context.Background(), u.ID, hashOf(cookie.Value)) })
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		b.send("GET", "/users", nil).want(401)
		if _, err := h.s.Session(t.Context(), hashOf(cookie.Value)); err == nil {
			t.Fatal("the session came back")
		}
	}
}

// TestExtendAfterEnd shows it for a request that was let in just before the
// session ended.
func TestExtendAfterEnd(t *testing.T) {
	h := open(t, nil)
	b := h.login("ada")
	id := b.id()
	h.clock.add(2 * time.Hour)
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	r.AddCookie(&http.Cookie{Name: CookieName, Value: b.cookies[CookieName]})
	v := h.a.visitFrom(r)
	ctx := h.a.identify(r.Context(), r, v)
	if v.Session == "" {
		t.Fatal("not let in")
	}
	if err := h.a.endSession(t.Context(), id, v.Session); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.a.extend(ctx, w, v)
	if _, err := h.s.Session(t.Context(), v.Session); err == nil || w.Header().Get("Set-Cookie") != "" {
		t.Error("the session came back")
	}
}

// TestForgetWhileReading shows that what is read while it changes is not kept.
func TestForgetWhileReading(t *testing.T) {
	m := newMemory(time.Hour, time.Now)
	read := func(name string, meanwhile func()) string {
		u, err := m.users.get("u", func() (store.User, error) {
			meanwhile()
			return store.User{Name: name}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return u.Name
	}
	read("old", func() { m.forgetUser("u") })
	if got := read("new", func() {}); got != "new" {
		t.Errorf("kept %q", got)
	}
	if got := read("later", func() {}); got != "new" {
		t.Errorf("not kept: %q", got)
	}
	for i := range maxRemembered + 10 {
		if _, err := m.users.get(fmt.Sprint(i), func() (store.User, error) { return store.User{}, nil }); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(m.users.items); n > maxRemembered {
		t.Errorf("%d are remembered", n)
	}
}

// TestStreamsEnd shows that a long answer ends with the right to read it.
func TestStreamsEnd(t *testing.T) {
	h := open(t, nil)
	ada := h.login("ada")
	bob := h.user("bob", store.Viewer)
	id := bob.send("GET", "/session", nil).text("user", "id")
	u, err := h.s.User(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	p := h.a.principalOf(u, "")
	p.Session = bob.principal()
	ctx := context.WithValue(t.Context(), visitKey{}, &visit{Principal: p})
	stream, done := h.a.Follow(ctx)
	quiet, quietDone := h.a.Follow(ctx)
	quietDone()
	if !h.a.Still(ctx) || stream.Err() != nil || quiet.Err() == nil {
		t.Fatal("the stream ends by itself")
	}
	ada.send("PATCH", "/users/"+id, map[string]any{"role": "operator"}, "If-Match", etag(u.Version)).want(200)
	if !errors.Is(context.Cause(stream), errEnded) {
		t.Errorf("the stream goes on after the role changed: %v", context.Cause(stream))
	}
	if h.a.Still(ctx) {
		t.Error("still a viewer")
	}
	done()
	if n := len(h.a.streams.open); n != 0 {
		t.Errorf("%d streams are remembered", n)
	}
	if h.a.Still(t.Context()) {
		t.Error("nobody is let in")
	}
}

// TestManyAtOnce is for the race detector.
func TestManyAtOnce(t *testing.T) {
	h := open(t, nil)
	ada := h.login("ada")
	token := ada.token(ScopeRead, ScopeWrite)
	var users sync.Map
	var g errgroup.Group
	for i := range 4 {
		g.Go(func() error {
			for j := range 5 {
				got := h.sendAs(ada, "POST", "/users", map[string]any{"name": fmt.Sprintf("u%d-%d", i, j), "role": "viewer"})
				if got.status != 201 {
					return fmt.Errorf("create: %d %s", got.status, got.raw)
				}
				users.Store(got.text("id"), true)
				h.sendAs(token, "PUT", "/me/preferences", map[string]any{"n": j})
				h.sendAs(ada, "GET", "/users", nil)
				h.sendAs(token, "GET", "/users", nil)
				h.clock.add(20 * time.Minute)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	n := 0
	users.Range(func(any, any) bool { n++; return true })
	if n != 20 {
		t.Errorf("%d users", n)
	}
}

// sendAs sends as a browser without changing it, so that several may.
func (h *house) sendAs(b *browser, method, path string, body any) *answer {
	c := h.guest()
	for k, v := range b.cookies {
		c.cookies[k] = v
	}
	for k, v := range b.headers {
		c.headers[k] = v
	}
	c.csrf = b.csrf
	return c.send(method, path, body)
}
