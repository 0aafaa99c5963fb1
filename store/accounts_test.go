package store_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/internal/errs"
	"triagent/store"
	"triagent/store/storetest"
)

func addUser(t *testing.T, s *store.Store, name string, role store.Role) store.User {
	t.Helper()
	u, err := s.CreateUser(t.Context(), admin, store.User{Name: name, Role: role, Email: name + "@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestUsers(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ada := addUser(t, s, "Ada", store.Admin)
		if _, err := s.CreateUser(ctx, admin, store.User{Name: "ADA", Role: store.Viewer}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a second ada: %v", err)
		}
		if _, err := s.CreateUser(ctx, admin, store.User{Name: "x", Role: "king"}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a role that is none: %v", err)
		}
		demote := func(u *store.User) error { u.Role = store.Viewer; return nil }
		disable := func(u *store.User) error { u.Disabled = true; return nil }
		for name, err := range map[string]error{
			"demote":  second(s.UpdateUser(ctx, admin, ada.ID, 0, demote)),
			"disable": second(s.UpdateUser(ctx, admin, ada.ID, 0, disable)),
			"delete":  s.DeleteUser(ctx, admin, ada.ID, 0),
		} {
			if errs.KindOf(err) != errs.Invalid {
				t.Errorf("%s the last administrator: %v", name, err)
			}
		}
		bob := addUser(t, s, "bob", store.Admin)
		got, err := s.UpdateUser(ctx, admin, ada.ID, ada.Version, func(u *store.User) error {
			u.Role, u.Subject, u.Name, u.Version = store.Viewer, "https://id|1", "ADA.L", 99
			return nil
		})
		if err != nil || got.Version != 2 || got.Name != "ada.l" {
			t.Fatalf("%+v, %v", got, err)
		}
		if _, err := s.UpdateUser(ctx, admin, ada.ID, ada.Version, demote); !errors.Is(err, store.ErrStale) {
			t.Errorf("an old version: %v", err)
		}
		if u, err := s.UserBySubject(ctx, "https://id|1"); err != nil || u.ID != ada.ID {
			t.Errorf("by subject: %+v, %v", u, err)
		}
		if _, err := s.UserBySubject(ctx, ""); errs.KindOf(err) != errs.NotFound {
			t.Errorf("by no subject: %v", err)
		}
		if err := s.SetPreferences(ctx, ada.ID, []byte(`{"theme":"dark"}`)); err != nil {
			t.Error(err)
		}
		if err := s.SetPreferences(ctx, ada.ID, []byte(`[]`)); errs.KindOf(err) != errs.Invalid {
			t.Errorf("preferences that are no object: %v", err)
		}
		if u, _ := s.User(ctx, ada.ID); string(u.Preferences) != `{"theme":"dark"}` || u.Version != 2 {
			t.Errorf("user %+v", u)
		}
		in := upload(t, s, store.Major)
		if _, err := s.UpdateIncident(ctx, admin, in.ID, 0, func(i *store.Incident) error { i.Assignee = ada.ID; return nil }); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteUser(ctx, admin, ada.ID, 2); err != nil {
			t.Fatal(err)
		}
		if got, _ := s.Incident(ctx, in.ID); got.Assignee != "" {
			t.Errorf("assigned to %q, who is gone", got.Assignee)
		}
		if users, err := s.Users(ctx); err != nil || len(users) != 1 || users[0].ID != bob.ID {
			t.Errorf("users %+v, %v", users, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

// TestTwoAdministrators has two make the other one less at the same moment: one
// of them stays.
func TestTwoAdministrators(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		for round := range 10 {
			a, b := addUser(t, s, fmt.Sprint("a", round), store.Admin), addUser(t, s, fmt.Sprint("b", round), store.Admin)
			if round > 0 { // who was left of the last round makes room
				users, _ := s.Users(t.Context())
				for _, u := range users {
					if u.ID != a.ID && u.ID != b.ID {
						_ = s.DeleteUser(t.Context(), admin, u.ID, 0)
					}
				}
			}
			var refused atomic.Int64
			var g errgroup.Group
			for _, id := range []string{a.ID, b.ID} {
				g.Go(func() error {
					err := s.DeleteUser(t.Context(), admin, id, 0)
					if errs.KindOf(err) == errs.Invalid {
						refused.Add(1)
						return nil
					}
					return err
				})
			}
			if err := g.Wait(); err != nil || refused.Load() != 1 {
				t.Fatalf("%d of two were refused, %v, want one", refused.Load(), err)
			}
		}
	})
}

func TestLogin(t *testing.T) {
	c := &clock{}
	storetest.Each(t, store.Config{Now: c.now}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ada := addUser(t, s, "ada", store.Admin)
		for i := range 3 {
			u, locked, err := s.LoginFailed(ctx, store.Actor{Addr: "10.0.0.1"}, " ADA", 3, time.Hour)
			if err != nil || locked != (i == 2) || u.ID != ada.ID {
				t.Fatalf("failure %d: %+v, %v, %v", i+1, u, locked, err)
			}
		}
		if u, locked, err := s.LoginFailed(ctx, store.Actor{}, "ada", 3, time.Hour); err != nil || locked || u.LockedUntil.IsZero() {
			t.Errorf("a failure while locked: %+v, %v, %v", u, locked, err)
		}
		if _, _, err := s.LoginFailed(ctx, store.Actor{}, "nobody", 3, time.Hour); errs.KindOf(err) != errs.NotFound {
			t.Errorf("a failure of nobody: %v", err)
		}
		notices, err := s.NextNotices(ctx, 0)
		if err != nil || len(notices) != 1 || notices[0].Kind != "account" || notices[0].Detail["user"] != ada.ID || notices[0].Incident != "" {
			t.Errorf("notices %+v, %v", notices, err)
		}
		if err := s.LoginSucceeded(ctx, admin, ada.ID); err != nil {
			t.Fatal(err)
		}
		if u, _ := s.User(ctx, ada.ID); u.Failures != 0 || !u.LockedUntil.IsZero() || u.LastLogin.IsZero() {
			t.Errorf("user %+v", u)
		}
		failed, _, err := s.Audit(ctx, store.AuditFilter{Action: "login."})
		if err != nil || len(failed) != 6 {
			t.Errorf("%d entries of failed log-ins, %v, want 5 and a lock", len(failed), err)
		}
	})
}

func TestSessionsTokensLinks(t *testing.T) {
	c := &clock{}
	storetest.Each(t, store.Config{Now: c.now}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ada := addUser(t, s, "ada", store.Admin)
		end := c.now().Add(time.Hour)
		for i := range 3 {
			v := store.Session{Hash: fmt.Sprint("h", i), User: ada.ID, Data: []byte{1, 0, 2}, Expires: end.Add(time.Duration(i) * time.Hour)}
			if err := s.PutSession(ctx, v); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.PutSession(ctx, store.Session{Hash: "x", User: "nobody", Expires: end}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a session of nobody: %v", err)
		}
		if v, err := s.Session(ctx, "h0"); err != nil || string(v.Data) != "\x01\x00\x02" || !v.Expires.Equal(end) {
			t.Errorf("session %+v, %v", v, err)
		}
		tok, err := s.CreateToken(ctx, admin, store.Token{User: ada.ID, Name: "ci", Scopes: []string{"read", "hooks"}, Hash: "t1", Expires: end})
		if err != nil {
			t.Fatal(err)
		}
		if k, u, err := s.TokenByHash(ctx, "t1"); err != nil || u.ID != ada.ID || fmt.Sprint(k.Scopes) != "[read hooks]" {
			t.Errorf("token %+v of %+v, %v", k, u, err)
		}
		for range 2 {
			if err := s.TouchToken(ctx, tok.ID); err != nil {
				t.Error(err)
			}
		}
		c.pass(90 * time.Minute)
		if _, err := s.Session(ctx, "h0"); errs.KindOf(err) != errs.NotFound {
			t.Errorf("an expired session: %v", err)
		}
		if _, _, err := s.TokenByHash(ctx, "t1"); errs.KindOf(err) != errs.NotFound {
			t.Errorf("an expired token: %v", err)
		}
		if err := s.ExpireSessions(ctx); err != nil {
			t.Fatal(err)
		}
		if list, err := s.SessionsOf(ctx, ada.ID); err != nil || len(list) != 2 {
			t.Errorf("%d sessions, %v", len(list), err)
		}
		if err := s.DeleteSessionsOf(ctx, ada.ID, "h2"); err != nil {
			t.Fatal(err)
		}
		if list, _ := s.SessionsOf(ctx, ada.ID); len(list) != 1 || list[0].Hash != "h2" {
			t.Errorf("sessions %+v", list)
		}
		if tokens, err := s.Tokens(ctx, ""); err != nil || len(tokens) != 1 || tokens[0].Used.IsZero() {
			t.Errorf("tokens %+v, %v", tokens, err)
		}
		if err := s.DeleteToken(ctx, admin, tok.ID); err != nil {
			t.Error(err)
		}
		if err := s.DeleteToken(ctx, admin, tok.ID); errs.KindOf(err) != errs.NotFound {
			t.Errorf("a token that is gone: %v", err)
		}
		if err := s.PutLink(ctx, store.Link{Hash: "l", Kind: "invite", User: ada.ID, Expires: c.now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.TakeLink(ctx, "setup", "l"); errs.KindOf(err) != errs.NotFound {
			t.Errorf("a link of another kind: %v", err)
		}
		var got atomic.Int64
		var g errgroup.Group
		for range 8 {
			g.Go(func() error {
				l, err := s.TakeLink(ctx, "invite", "l")
				if err == nil && l.User == ada.ID {
					got.Add(1)
				}
				return nil
			})
		}
		if _ = g.Wait(); got.Load() != 1 {
			t.Errorf("%d of 8 got the link, want one", got.Load())
		}
	})
}

// TestGhosts counts names that nobody has as those of users, and forgets those of
// the longest ago when there are too many.
func TestGhosts(t *testing.T) {
	c := &clock{}
	storetest.Each(t, store.Config{Now: c.now}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		for i := range 3 {
			until, locked, err := s.GhostFailed(ctx, admin, "h1", "none", 3, time.Minute)
			if err != nil || locked != (i == 2) || until.IsZero() == (i == 2) {
				t.Fatalf("failure %d: until %v, %v, %v", i+1, until, locked, err)
			}
		}
		until, err := s.GhostLocked(ctx, "h1")
		if err != nil || !until.After(c.now()) {
			t.Errorf("locked until %v, %v", until, err)
		}
		if _, locked, err := s.GhostFailed(ctx, admin, "h1", "none", 1, time.Hour); locked || err != nil {
			t.Errorf("a lock is made longer by another failure, %v", err)
		}
		if until, err := s.GhostLocked(ctx, "h2"); err != nil || !until.IsZero() {
			t.Errorf("another name is locked until %v, %v", until, err)
		}
		entries, _, err := s.Audit(ctx, store.AuditFilter{Action: "login.failed"})
		if err != nil || len(entries) != 4 || entries[0].Object != "" || entries[0].Detail["reason"] != "none" {
			t.Errorf("audit: %+v, %v", entries, err)
		}
	})
}
