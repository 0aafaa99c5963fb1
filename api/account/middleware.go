package account

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"github.com/go-chi/chi/v5/middleware"

	"triagent/internal/errs"
	"triagent/store"
)

// maxAgent bounds what is kept of a User-Agent, in bytes.
const maxAgent = 200

// errCredentials says that what was shown opens nothing.
var errCredentials = errs.New(errs.Denied, "The session or token is not valid any more: log in again.")

// Middleware finds out who asks and puts it into the context, for From, Guard
// and Need. It refuses nothing by itself, does not touch the body and does not
// stand between the handler and the connection, so that streams pass.
func (a *Accounts) Middleware(next http.Handler) http.Handler {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := a.visitFrom(r)
		ctx := a.identify(r.Context(), r, v)
		if v.Session != "" {
			a.extend(ctx, w, v)
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, visitKey{}, v)))
	})
	if len(a.cfg.Proxies) == 0 {
		return h
	}
	var trusted []string
	for _, p := range a.cfg.Proxies {
		trusted = append(trusted, p.String())
	}
	return middleware.ClientIPFromXFF(trusted...)(h)
}

// visitFrom reads where a request comes from and what it asks for.
func (a *Accounts) visitFrom(r *http.Request) *visit {
	v := &visit{agent: plain(r.UserAgent(), maxAgent)}
	peer := addrOf(r.RemoteAddr)
	client := peer
	proxied := inAny(peer, a.cfg.Proxies)
	if found := middleware.GetClientIPAddr(r.Context()); proxied && found.IsValid() {
		client = found
	}
	if client.IsValid() {
		v.addr = client.String()
	}
	public := a.cfg.PublicURL(r.Context())
	v.secure = r.TLS != nil || proxied && r.Header.Get("X-Forwarded-Proto") == "https" || strings.HasPrefix(public, "https://")
	v.base = strings.TrimRight(public, "/")
	if v.base == "" {
		v.base = (&url.URL{Scheme: map[bool]string{false: "http", true: "https"}[v.secure], Host: r.Host}).String()
	}
	v.local = peer.IsLoopback() && !forwarded(r.Header) && loopbackHost(r.Host)
	v.cross = a.crossSite(r, public)
	v.Actor.Addr = v.addr
	if c, err := r.Cookie(CookieName); err == nil {
		v.cookie = c.Value
	}
	return v
}

// identify finds the principal: that of the Authorization header where it shows
// an API token, else that of the session, which is in the context it returns.
func (a *Accounts) identify(ctx context.Context, r *http.Request, v *visit) context.Context {
	if value, basic, ok := shown(r); ok {
		a.identifyToken(ctx, v, value, basic)
	} else if v.cookie != "" {
		ctx = a.identifySession(ctx, v)
	}
	if errs.KindOf(v.err) == errs.Internal && ctx.Err() == nil {
		a.cfg.Log.ErrorContext(ctx, "it could not be found out who asks", slog.Any("error", v.err))
	}
	return ctx
}

// shown returns the API token that a request shows: as a bearer, or as the
// password of basic authentication. Basic authentication with another password
// is not for us but for a proxy before us.
func shown(r *http.Request) (value string, basic, ok bool) {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") {
		return strings.TrimSpace(value), false, true
	}
	_, password, ok := r.BasicAuth()
	return password, true, ok && strings.HasPrefix(password, TokenPrefix)
}

func (a *Accounts) identifyToken(ctx context.Context, v *visit, value string, basic bool) {
	hash, ok := parseToken(value)
	if !ok {
		v.err = errCredentials
		return
	}
	b, err := a.bearerOf(ctx, hash)
	if err != nil {
		v.err = err
		return
	}
	p := a.principalOf(b.user, v.addr)
	p.Token, p.Scopes, p.basic = b.token, b.token.Scopes, basic
	p.Actor.Token = b.token.ID
	v.Principal = p
	a.touch(ctx, b.token)
}

// bearerOf returns a token and its owner, if both are in force.
func (a *Accounts) bearerOf(ctx context.Context, hash string) (bearer, error) {
	b, err := a.seen.tokens.get(hash, func() (bearer, error) {
		t, u, err := a.store.TokenByHash(ctx, hash)
		return bearer{t, u}, err
	})
	now := a.cfg.Now()
	switch {
	case errs.KindOf(err) == errs.NotFound:
		return bearer{}, errCredentials
	case err != nil:
		return bearer{}, err
	case !b.token.Expires.IsZero() && !now.Before(b.token.Expires), b.user.Disabled, a.demoOnly(b.user):
		return bearer{}, errCredentials
	}
	return b, nil
}

// identifySession returns a context with the session, the one it got where
// there is none.
func (a *Accounts) identifySession(ctx context.Context, v *visit) context.Context {
	sctx, err := a.scs.Load(ctx, v.cookie)
	if err != nil {
		v.err = err
		return ctx
	}
	id := a.scs.GetString(sctx, keyUser)
	if id == "" {
		v.err = errCredentials
		return ctx
	}
	u, err := a.userOf(ctx, id)
	if err != nil {
		v.err = err
		return ctx
	}
	if u.Subject == demoSubject && !v.local {
		v.err = errCredentials
		return ctx
	}
	v.Principal = a.principalOf(u, v.addr)
	v.Session, v.CSRF = hashOf(v.cookie), a.scs.GetString(sctx, keyCSRF)
	return sctx
}

// userOf returns a user who may be let in.
func (a *Accounts) userOf(ctx context.Context, id string) (store.User, error) {
	u, err := a.seen.users.get(id, func() (store.User, error) { return a.store.User(ctx, id) })
	switch {
	case errs.KindOf(err) == errs.NotFound:
		return store.User{}, errCredentials
	case err != nil:
		return store.User{}, err
	case u.Disabled || a.demoOnly(u):
		return store.User{}, errCredentials
	}
	return u, nil
}

// addrOf returns the address of "host:port", invalid for anything else.
func addrOf(remote string) netip.Addr {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

func inAny(a netip.Addr, in []netip.Prefix) bool {
	for _, p := range in {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// forwarded reports whether a proxy passed the request on.
func forwarded(h http.Header) bool {
	for _, name := range []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

// loopbackHost reports whether a Host header names this machine.
func loopbackHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// plain cuts text from outside to size and to printable characters.
func plain(s string, size int) string {
	if len(s) > size {
		s = s[:size]
	}
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
