package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"triagent/internal/errs"
	"triagent/store"
)

// CookieName is the name of the session cookie.
const CookieName = "triagent_session"

// What a session holds.
const (
	keyUser    = "user"
	keyCSRF    = "csrf"
	keyCreated = "created" // RFC 3339
	keyAddr    = "addr"
	keyAgent   = "agent"
)

// newManager returns scs over our store. Its middleware is not used: it would
// stand between the handler and the connection of a stream.
func newManager(s scs.CtxStore) *scs.SessionManager {
	m := scs.New()
	m.Store, m.Codec = s, codec{}
	return m
}

// codec keeps a session as JSON; every value is a string.
type codec struct{}

type sessionData struct {
	Deadline time.Time         `json:"deadline"`
	Values   map[string]string `json:"values"`
}

// Encode implements scs.Codec.
func (codec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	d := sessionData{Deadline: deadline, Values: make(map[string]string, len(values))}
	for k, v := range values {
		s, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("session value %q is a %T, not a string", k, v)
		}
		d.Values[k] = s
	}
	return json.Marshal(d)
}

// Decode implements scs.Codec.
func (codec) Decode(b []byte) (time.Time, map[string]any, error) {
	var d sessionData
	if err := json.Unmarshal(b, &d); err != nil {
		return time.Time{}, nil, fmt.Errorf("decode session: %w", err)
	}
	values := make(map[string]any, len(d.Values))
	for k, v := range d.Values {
		values[k] = v
	}
	return d.Deadline, values, nil
}

// shelf is where scs keeps sessions: store, with a memory in front.
type shelf struct {
	store Store
	seen  *memory
	now   func() time.Time
}

var _ scs.CtxStore = (*shelf)(nil)

// FindCtx implements scs.CtxStore.
func (s *shelf) FindCtx(ctx context.Context, value string) ([]byte, bool, error) {
	if !validSecret(value) {
		return nil, false, nil
	}
	hash := hashOf(value)
	kept, err := s.seen.sessions.get(hash, func() (store.Session, error) { return s.store.Session(ctx, hash) })
	switch {
	case errs.KindOf(err) == errs.NotFound:
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("read session: %w", err)
	}
	return kept.Data, s.now().Before(kept.Expires), nil
}

// CommitCtx implements scs.CtxStore.
func (s *shelf) CommitCtx(ctx context.Context, value string, b []byte, expiry time.Time) error {
	_, values, err := codec{}.Decode(b)
	if err != nil {
		return err
	}
	text := func(key string) string { v, _ := values[key].(string); return v }
	created, err := time.Parse(time.RFC3339, text(keyCreated))
	if err != nil {
		return fmt.Errorf("session without a time of creation: %w", err)
	}
	hash := hashOf(value)
	err = s.store.PutSession(ctx, store.Session{
		Hash: hash, User: text(keyUser), Data: b, Created: created, Expires: expiry, Addr: text(keyAddr), Agent: text(keyAgent),
	})
	s.seen.sessions.drop(hash)
	if err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	return nil
}

// DeleteCtx implements scs.CtxStore.
func (s *shelf) DeleteCtx(ctx context.Context, value string) error {
	hash := hashOf(value)
	err := s.store.DeleteSession(ctx, hash)
	s.seen.sessions.drop(hash)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return fmt.Errorf("delete session: %w", err)
	}
	return nil
}

// The three without a context are never called by scs, which prefers those
// with one.

// Find implements scs.Store.
func (s *shelf) Find(value string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), value)
}

// Commit implements scs.Store.
func (s *shelf) Commit(value string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), value, b, expiry)
}

// Delete implements scs.Store.
func (s *shelf) Delete(value string) error { return s.DeleteCtx(context.Background(), value) }

var ownerSeed = maphash.MakeSeed()

// owner is the lock over the sessions of a user.
func (a *Accounts) owner(user string) *sync.Mutex {
	return &a.owners[maphash.String(ownerSeed, user)%uint64(len(a.owners))]
}

// begin makes a session for u in place of the visit's, whose cookie is of no
// use afterwards, and returns the new principal with its cookie.
func (a *Accounts) begin(ctx context.Context, u store.User) (Principal, http.Cookie, error) {
	v := visitOf(ctx)
	if v.Session != "" {
		if err := a.endSession(ctx, v.User.ID, v.Session); err != nil {
			return Principal{}, http.Cookie{}, err
		}
	}
	sctx, err := a.scs.Load(context.WithoutCancel(ctx), v.cookie)
	if err != nil {
		return Principal{}, http.Cookie{}, err
	}
	if err := a.scs.Clear(sctx); err != nil {
		return Principal{}, http.Cookie{}, err
	}
	if err := a.scs.RenewToken(sctx); err != nil {
		return Principal{}, http.Cookie{}, err
	}
	now := a.cfg.Now().UTC()
	a.scs.Put(sctx, keyUser, u.ID)
	a.scs.Put(sctx, keyCSRF, newSecret())
	a.scs.Put(sctx, keyCreated, now.Format(time.RFC3339))
	a.scs.Put(sctx, keyAddr, v.addr)
	a.scs.Put(sctx, keyAgent, v.agent)
	a.scs.SetDeadline(sctx, now.Add(a.cfg.Lifetime))
	value, expires, err := a.scs.Commit(sctx)
	if err != nil {
		return Principal{}, http.Cookie{}, err
	}
	p := a.principalOf(u, v.addr)
	p.Session, p.CSRF = hashOf(value), a.scs.GetString(sctx, keyCSRF)
	return p, v.cookieOf(value, expires, now), nil
}

// extend gives a session that was not extended for an hour its full life again.
// It never waits: who cannot do it now leaves it to the next request. The
// session is read again first, under the lock of those that end sessions, so
// that one that was ended does not come back.
func (a *Accounts) extend(ctx context.Context, w http.ResponseWriter, v *visit) {
	now := a.cfg.Now().UTC()
	if a.scs.Deadline(ctx).Sub(now) > a.cfg.Lifetime-a.cfg.extendAfter {
		return
	}
	lock := a.owner(v.User.ID)
	if !lock.TryLock() {
		return
	}
	defer lock.Unlock()
	kept, err := a.store.Session(ctx, v.Session)
	if err == nil && kept.Expires.Sub(now) <= a.cfg.Lifetime-a.cfg.extendAfter {
		a.scs.SetDeadline(ctx, now.Add(a.cfg.Lifetime))
		_, _, err = a.scs.Commit(ctx)
	}
	switch {
	case err == nil:
		c := v.cookieOf(v.cookie, now.Add(a.cfg.Lifetime), now)
		http.SetCookie(w, &c)
	case errs.KindOf(err) != errs.NotFound && !errors.Is(err, context.Canceled):
		a.cfg.Log.WarnContext(ctx, "a session could not be extended", slog.String("user", v.User.ID), slog.Any("error", err))
	}
}

// endSession ends one session.
func (a *Accounts) endSession(ctx context.Context, user, hash string) error {
	lock := a.owner(user)
	lock.Lock()
	defer lock.Unlock()
	err := a.store.DeleteSession(ctx, hash)
	a.seen.sessions.drop(hash)
	a.streams.end(func(p Principal) bool { return p.Session == hash })
	return err
}

// endSessions ends all sessions of a user but one; "" spares none.
func (a *Accounts) endSessions(ctx context.Context, user, exceptHash string) error {
	lock := a.owner(user)
	lock.Lock()
	defer lock.Unlock()
	err := a.store.DeleteSessionsOf(ctx, user, exceptHash)
	a.seen.sessions.forget(func(k string, s store.Session) bool { return s.User == user && k != exceptHash })
	a.streams.end(func(p Principal) bool { return p.User.ID == user && p.Session != "" && p.Session != exceptHash })
	return err
}
