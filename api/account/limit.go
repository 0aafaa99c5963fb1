package account

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/go-chi/httprate"
)

// newLimiter returns a limiter of so many events a minute for each address, nil
// for no limit. It counts in this process only.
func newLimiter(perMinute int) *httprate.RateLimiter {
	if perMinute < 0 {
		return nil
	}
	return httprate.NewRateLimiter(perMinute, time.Minute, httprate.WithResponseHeaders(httprate.ResponseHeaders{}))
}

// over counts an event of the client of ctx and reports whether it is one too
// many.
func over(ctx context.Context, l *httprate.RateLimiter) bool {
	if l == nil {
		return false
	}
	return l.OnLimit(nowhere{}, (&http.Request{}).WithContext(ctx), httprate.CanonicalizeIP(visitOf(ctx).addr))
}

// nowhere takes the headers that httprate writes; ours are in refusal.headers.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) WriteHeader(int)             {}

// mayTry counts an attempt to log in, or to use a one-time link.
func (a *Accounts) mayTry(ctx context.Context) error {
	if over(ctx, a.logins) {
		return refused(http.StatusTooManyRequests, "Too many attempts to log in came from this address: try again in a minute.")
	}
	return nil
}

// maxLock bounds how long failures lock an account.
const maxLock = 24 * time.Hour

// lockFor is how long an account is locked after so many locks in a row: the
// first time LockFor, then twice as long each.
func (c *Config) lockFor(locks int) time.Duration {
	d := c.LockFor
	for range locks {
		if d *= 2; d >= maxLock {
			return maxLock
		}
	}
	return min(d, maxLock)
}

// maxStreaks bounds the names that are remembered for their failures.
const maxStreaks = 4096

// streaks remembers, by name, the locks in a row, so that they grow; of users and
// of names that nobody can log in with alike. It forgets what is two days old,
// and anything when there are too many. It is of this process: failures and the
// locks themselves are in the store.
type streaks struct {
	now func() time.Time

	mu    sync.Mutex
	names map[string]streak
}

type streak struct {
	locks int
	last  time.Time
}

// of returns the streak of a name. The caller holds mu.
func (g *streaks) of(name string) streak {
	e := g.names[name]
	if g.now().Sub(e.last) > 2*maxLock {
		return streak{}
	}
	return e
}

// keep stores the streak of a name. The caller holds mu.
func (g *streaks) keep(name string, e streak) {
	if _, known := g.names[name]; !known && len(g.names) >= maxStreaks {
		for k, old := range g.names {
			if len(g.names) >= maxStreaks*9/10 || g.now().Sub(old.last) > 2*maxLock {
				delete(g.names, k)
			}
		}
	}
	e.last = g.now()
	g.names[name] = e
}

// next is how long the next lock of a name would be.
func (g *streaks) next(name string, c *Config) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return c.lockFor(g.of(name).locks)
}

// locked counts a lock of a name.
func (g *streaks) locked(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.of(name)
	e.locks++
	g.keep(name, e)
}

// end forgets the streak of a user who logged in.
func (g *streaks) end(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.names, name)
}

// errLocked says until when.
func errLocked(until time.Time) error {
	return refused(http.StatusLocked, "Too many log-ins failed in a row: this account is locked until "+
		until.UTC().Format("2006-01-02 15:04")+" UTC. Wait, or ask an admin to unlock it.")
}

// errWrong is the one answer to a log-in that is not right, whatever is wrong.
func errWrong() error {
	return refused(http.StatusUnauthorized, "The name or the password is wrong.")
}
