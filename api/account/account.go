// Package account knows who is asking and what they may do: passwords, log-in,
// sessions, one-time links, single sign-on by OIDC, API tokens, roles, and the
// defences around them (lock-out, rate limits, cross-site requests).
//
// A request passes Middleware, which finds its Principal from a session cookie
// or a bearer token and puts it into the context, and then Guard (huma) or Need
// (plain handlers), which refuse what the operation's metadata does not allow.
// An operation without metadata cannot be registered.
//
// Secrets (cookies, tokens, links) have 256 random bits and are stored only as
// SHA-256; passwords as argon2id in PHC form. Nothing secret is logged or put
// into an error. What a request was allowed is remembered for a few seconds;
// a change made through this process is in force at once, one made through
// another process within Config.CacheFor, 5 s at most.
//
// A Session is extended when it was not for an hour, so that ordinary requests
// write nothing. Logging in always makes a new session with a new CSRF token.
package account

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/go-chi/httprate"

	"triagent/internal/errs"
	"triagent/store"
)

// Store is what the accounts keep; *store.Store has it. Errors have kinds:
// NotFound for what is not there, Invalid for what the schema refuses, and wrap
// store.ErrStale where the version given is not the row's.
type Store interface {
	CreateUser(ctx context.Context, by store.Actor, u store.User) (store.User, error)
	User(ctx context.Context, id string) (store.User, error)
	UserByName(ctx context.Context, name string) (store.User, error)
	UserBySubject(ctx context.Context, subject string) (store.User, error)
	Users(ctx context.Context) ([]store.User, error)
	UpdateUser(ctx context.Context, by store.Actor, id string, version int64, edit func(*store.User) error) (store.User, error)
	DeleteUser(ctx context.Context, by store.Actor, id string, version int64) error
	SetPreferences(ctx context.Context, id string, json []byte) error
	LoginFailed(ctx context.Context, by store.Actor, name string, limit int, lock time.Duration) (store.User, bool, error)
	LoginSucceeded(ctx context.Context, by store.Actor, id string) error
	GhostLocked(ctx context.Context, hash string) (time.Time, error)
	GhostFailed(ctx context.Context, by store.Actor, hash, reason string, limit int, lock time.Duration) (until time.Time, locked bool, err error)

	PutSession(ctx context.Context, s store.Session) error
	Session(ctx context.Context, hash string) (store.Session, error)
	DeleteSession(ctx context.Context, hash string) error
	SessionsOf(ctx context.Context, user string) ([]store.Session, error)
	DeleteSessionsOf(ctx context.Context, user, exceptHash string) error
	ExpireSessions(ctx context.Context) error

	CreateToken(ctx context.Context, by store.Actor, t store.Token) (store.Token, error)
	TokenByHash(ctx context.Context, hash string) (store.Token, store.User, error)
	Tokens(ctx context.Context, user string) ([]store.Token, error)
	DeleteToken(ctx context.Context, by store.Actor, id string) error
	TouchToken(ctx context.Context, id string) error

	PutLink(ctx context.Context, l store.Link) error
	TakeLink(ctx context.Context, kind, hash string) (store.Link, error)

	Record(ctx context.Context, by store.Actor, action, object string, detail map[string]string) error
}

// Config is how accounts work. The zero value is a working, strict one.
type Config struct {
	PublicURL func(context.Context) string // where people reach the page, as "https://triagent.example.com"; nil or "": as the request says
	Proxies   []netip.Prefix               // reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; nil: none
	Version   string                       // of the program, for GET /session
	Demo      bool                         // allow {"demo":true} from this machine
	DemoRole  store.Role                   // of who logs in so; empty: admin

	Lifetime    time.Duration // of a session since its last extension; 0: 7 days
	CacheFor    time.Duration // how long what another process changed may go unseen; 0: 5 s; 5 s at most
	MinPassword int           // characters; 0: 10

	Lockout            int           // failed log-ins in a row that lock an account; 0: 5
	LockFor            time.Duration // first lock; each that follows is twice as long, to a day at most; 0: 15 min
	LoginsPerMinute    int           // attempts to log in from one address; 0: 30; below 0: no limit
	RefusalsPerMinute  int           // answers 401 to one address before they become 429; 0: 300; below 0: no limit
	NameKey            []byte        // of this installation, hides names that were tried and that nobody has; nil: they are only hashed
	Hashers            int           // passwords hashed at once, 19 MiB each; 0: 2
	OIDC               []Provider    // single sign-on; nil: none
	Client             *http.Client  // to reach the OIDC providers; nil: one that waits 10 s
	Log                *slog.Logger  // nil: discard
	Now                func() time.Time
	extendAfter        time.Duration // a session is extended when it was not for this long: an hour
	setupFor, resetFor time.Duration // life of links: a day
	inviteFor          time.Duration // a week
}

// Validate says what is wrong with the configuration, as kind Invalid.
func (c *Config) Validate() error {
	if c.CacheFor > 5*time.Second {
		return errs.New(errs.Invalid, "cache_for is %v; a revoked right may stay in force for 5s at most", c.CacheFor)
	}
	if c.DemoRole != "" && rank(c.DemoRole) == 0 {
		return errs.New(errs.Invalid, "demo_role %q is no role; use viewer, operator, approver or admin", c.DemoRole)
	}
	seen := map[string]bool{}
	for i := range c.OIDC {
		if err := c.OIDC[i].Validate(); err != nil {
			return err
		}
		if seen[c.OIDC[i].ID] {
			return errs.New(errs.Invalid, "two oidc providers have the id %q; give each its own", c.OIDC[i].ID)
		}
		seen[c.OIDC[i].ID] = true
	}
	return nil
}

func (c *Config) fill() {
	def(&c.DemoRole, store.Admin)
	def(&c.Lifetime, 7*24*time.Hour)
	def(&c.CacheFor, 5*time.Second)
	def(&c.MinPassword, 10)
	def(&c.Lockout, 5)
	def(&c.LockFor, 15*time.Minute)
	def(&c.LoginsPerMinute, 30)
	def(&c.RefusalsPerMinute, 300)
	def(&c.Hashers, 2)
	def(&c.extendAfter, time.Hour)
	def(&c.setupFor, 24*time.Hour)
	def(&c.resetFor, 24*time.Hour)
	def(&c.inviteFor, 7*24*time.Hour)
	if c.PublicURL == nil {
		c.PublicURL = func(context.Context) string { return "" }
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 10 * time.Second}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

// def sets an unset field.
func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Accounts is the package's service. It is safe for concurrent use.
type Accounts struct {
	cfg      Config
	store    Store
	hasher   *hasher
	scs      *scs.SessionManager
	seen     memory
	streaks  streaks
	streams  streams
	touched  touches
	logins   *httprate.RateLimiter // nil: no limit
	refusals *httprate.RateLimiter // nil: no limit
	oidc     []*provider
	cross    *http.CrossOriginProtection
	owners   [64]sync.Mutex // by user: held while sessions end or are extended
	settled  atomic.Bool    // an admin can log in, for good
	setup    sync.Mutex     // one first admin at a time
}

// New returns accounts over s. It connects to nothing: an OIDC provider that is
// down does not stop the start.
func New(cfg Config, s Store) (*Accounts, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	cfg.fill()
	h, err := newHasher(cfg.Hashers)
	if err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	a := &Accounts{cfg: cfg, store: s, hasher: h, seen: newMemory(cfg.CacheFor, cfg.Now)}
	a.streaks = streaks{now: cfg.Now, names: map[string]streak{}}
	a.scs = newManager(&shelf{store: s, seen: &a.seen, now: cfg.Now})
	a.logins = newLimiter(cfg.LoginsPerMinute)
	a.refusals = newLimiter(cfg.RefusalsPerMinute)
	a.cross = http.NewCrossOriginProtection()
	for _, p := range cfg.OIDC {
		a.oidc = append(a.oidc, &provider{Provider: p, client: cfg.Client, now: cfg.Now})
	}
	return a, nil
}

// Run removes sessions that ran out, every hour until ctx ends. It returns nil.
func (a *Accounts) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if err := a.store.ExpireSessions(ctx); err != nil && ctx.Err() == nil {
			a.cfg.Log.WarnContext(ctx, "sessions that ran out were not removed", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
