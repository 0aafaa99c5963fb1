package account

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"triagent/internal/errs"
	"triagent/store"
)

// Principal is who asks. The zero value is nobody.
type Principal struct {
	User    store.User  // without password; ID empty: nobody
	Token   store.Token // the API token used; ID empty: a session, or nobody
	Actor   store.Actor // as the audit names them; has the address even of nobody
	Role    store.Role  // of User; empty: nobody
	Scopes  []string    // of Token; nil: no token
	Session string      // hash of the session; empty: none
	CSRF    string      // what X-CSRF-Token must be in changes; empty: no session
	basic   bool        // the token came as a password: good for hooks and metrics only
}

// Known reports whether it is somebody.
func (p Principal) Known() bool { return p.User.ID != "" }

// Is reports whether the user has a role, or one that includes it.
func (p Principal) Is(role store.Role) bool { return Includes(p.Role, role) }

// From returns who asks, nobody where the request did not pass Middleware.
func From(ctx context.Context) Principal {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v.Principal
	}
	return Principal{}
}

// roles in ascending order.
var roles = []store.Role{store.Viewer, store.Operator, store.Approver, store.Admin}

// rank is a role's place from 1, 0 for what is no role.
func rank(r store.Role) int { return slices.Index(roles, r) + 1 }

// Includes reports whether a role may do what another may. What is no role may
// do nothing, and nothing is enough for it.
func Includes(have, want store.Role) bool {
	return rank(want) > 0 && rank(have) >= rank(want)
}

// principalOf names a user from an address.
func (a *Accounts) principalOf(u store.User, addr string) Principal {
	u.Password = ""
	return Principal{User: u, Role: u.Role, Actor: store.Actor{User: u.ID, Name: u.Name, Addr: addr}}
}

type visitKey struct{}

// visit is what Middleware found out about a request.
type visit struct {
	Principal
	err    error  // why what was shown is not good; nil: it is, or nothing was shown
	cross  error  // the request comes from another site; nil: it does not
	cookie string // value of the session cookie; empty: none
	addr   string // of the client
	agent  string // program of the client
	base   string // scheme and host that were asked
	secure bool   // over TLS, up to the proxy at least
	local  bool   // from this machine, and asked for by a name of it
}

// visitOf returns what is known of a request, an empty visit without Middleware.
func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{err: errs.New(errs.Internal, "a request came past the middleware of accounts")}
}

// cookieOf returns the session cookie; "" removes it.
func (v *visit) cookieOf(value string, expires, now time.Time) http.Cookie {
	c := http.Cookie{Name: CookieName, Value: value, Path: "/", HttpOnly: true, Secure: v.secure, SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
		return c
	}
	c.Expires, c.MaxAge = expires, int(expires.Sub(now)/time.Second)
	return c
}

// streams are the long answers that must end with the right to read them.
type streams struct {
	mu   sync.Mutex
	open map[*stream]struct{}
}

type stream struct {
	who    Principal
	cancel context.CancelCauseFunc
}

// errEnded is the cause of a stream's end.
var errEnded = errs.New(errs.Denied, "the right to read this has ended")

// Follow returns a context for a long answer, as a stream of events: it ends
// with ctx, or at once when the principal's session, token or account is ended
// or changed in this process. The function must be called when the answer ends.
// Against changes of another process ask Still now and then.
func (a *Accounts) Follow(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	s := &stream{who: From(ctx), cancel: cancel}
	a.streams.mu.Lock()
	defer a.streams.mu.Unlock()
	if a.streams.open == nil {
		a.streams.open = map[*stream]struct{}{}
	}
	a.streams.open[s] = struct{}{}
	return ctx, func() {
		cancel(nil)
		a.streams.mu.Lock()
		defer a.streams.mu.Unlock()
		delete(a.streams.open, s)
	}
}

// end ends the streams of those that match.
func (s *streams) end(match func(Principal) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for st := range s.open {
		if match(st.who) {
			st.cancel(errEnded)
			delete(s.open, st)
		}
	}
}

// Still reports whether the principal of ctx would be let in again, with the
// same role. It costs no query within Config.CacheFor; a store that cannot
// answer counts as yes.
func (a *Accounts) Still(ctx context.Context) bool {
	p := From(ctx)
	switch {
	case p.Token.ID != "":
		b, err := a.bearerOf(ctx, p.Token.Hash)
		return lost(err) || err == nil && b.user.Role == p.Role
	case p.Session != "":
		s, err := a.seen.sessions.get(p.Session, func() (store.Session, error) { return a.store.Session(ctx, p.Session) })
		if err != nil {
			return lost(err)
		}
		u, err := a.userOf(ctx, s.User)
		return lost(err) || err == nil && u.Role == p.Role && a.cfg.Now().Before(s.Expires)
	}
	return false
}

// lost reports whether an error leaves open how things stand.
func lost(err error) bool {
	return err != nil && errs.KindOf(err) != errs.NotFound && errs.KindOf(err) != errs.Denied
}
