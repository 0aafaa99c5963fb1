package account

import (
	"testing"
	"time"

	"triagent/store"
)

// TestLocksAfterRestart asks for a name that somebody has, one that nobody has
// and one that is disabled, before and after a restart of the service: all are
// answered alike.
func TestLocksAfterRestart(t *testing.T) {
	h := open(t, func(c *Config) { c.Lockout, c.NameKey = 3, []byte("key") })
	h.user("bob", "viewer")
	h.user("off", "viewer")
	off, err := h.s.UserByName(t.Context(), "off")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.s.UpdateUser(t.Context(), store.Actor{}, off.ID, 0, func(u *store.User) error {
		u.Disabled = true
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	names := []string{"bob", "ghost", "off"}
	try := func(when string, want int) {
		t.Helper()
		said := map[string]bool{}
		for _, name := range names {
			got := h.guest().send("POST", "/session", map[string]any{"name": name, "password": "wrong"}).want(want)
			said[got.text("detail")] = true
		}
		if len(said) != 1 {
			t.Errorf("%s: names are told apart: %v", when, said)
		}
	}
	restart := func() {
		t.Helper()
		a, err := New(h.a.cfg, h.s)
		if err != nil {
			t.Fatal(err)
		}
		h.a = a
		h.mount()
	}
	try("first", 401)
	restart()
	try("second, after a restart", 401)
	try("third", 423)
	restart()
	try("locked, after a restart", 423)
	h.clock.add(h.a.cfg.LockFor + time.Second)
	try("after the lock", 401)
	restart()
	try("and a restart", 401)
	try("locked again", 423)
	restart()
	try("locked again, after a restart", 423)
}
