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

// lockFor is how long an account is locked by the last of so many failures in a
// row: the first lock, doubled by each failure after it.
func (c *Config) lockFor(failures int) time.Duration {
	d := c.LockFor
	for range failures - c.Lockout {
		if d *= 2; d >= maxLock {
			return maxLock
		}
	}
	return min(d, maxLock)
}

// maxGhosts bounds the names that are remembered without being anyone's.
const maxGhosts = 4096

// ghosts locks names that nobody has as it locks those of users, so that a lock
// does not tell which names exist. It forgets what is a day old, and anything
// when there are too many.
type ghosts struct {
	now func() time.Time

	mu    sync.Mutex
	names map[string]ghost
}

type ghost struct {
	failures int
	last     time.Time
	until    time.Time
}

// lockedUntil returns until when a name is locked, zero when it is not.
func (g *ghosts) lockedUntil(name string) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	if e := g.names[name]; g.now().Before(e.until) {
		return e.until
	}
	return time.Time{}
}

// fail counts a failure and returns until when the name is locked.
func (g *ghosts) fail(name string, c *Config) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if len(g.names) >= maxGhosts {
		for k, e := range g.names {
			if len(g.names) >= maxGhosts*9/10 || now.Sub(e.last) > maxLock {
				delete(g.names, k)
			}
		}
	}
	e := g.names[name]
	e.failures++
	e.last = now
	if e.failures >= c.Lockout {
		e.until = now.Add(c.lockFor(e.failures))
	}
	g.names[name] = e
	return e.until
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
