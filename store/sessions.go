package store

import (
	"context"
	"strings"
	"time"

	"triagent/internal/errs"
)

const (
	sessionColumns = `hash, user_id, data, created, expires, addr, agent`
	putSession     = `INSERT INTO sessions (` + sessionColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (hash) DO UPDATE SET data = excluded.data, expires = excluded.expires, addr = excluded.addr, agent = excluded.agent`
	readSession    = `SELECT ` + sessionColumns + ` FROM sessions WHERE hash = $1 AND expires > $2`
	sessionsOf     = `SELECT ` + sessionColumns + ` FROM sessions WHERE user_id = $1 AND expires > $2 ORDER BY created DESC LIMIT 500`
	deleteSession  = `DELETE FROM sessions WHERE hash = $1`
	deleteSessions = `DELETE FROM sessions WHERE user_id = $1 AND hash <> $2`
	expireSessions = `DELETE FROM sessions WHERE expires <= $1`
	expireLinks    = `DELETE FROM links WHERE expires <= $1`
	expireRequests = `DELETE FROM idempotency WHERE at <= $1`

	tokenColumns = `t.id, t.user_id, t.name, t.scopes, t.hash, t.created, t.expires, t.used`
	insertToken  = `INSERT INTO tokens (id, user_id, name, scopes, hash, created, expires, used) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)`
	tokenByHash  = `SELECT ` + tokenColumns + ` FROM tokens t WHERE t.hash = $1`
	readToken    = `SELECT ` + tokenColumns + ` FROM tokens t WHERE t.id = $1`
	listTokens   = `SELECT ` + tokenColumns + ` FROM tokens t WHERE $1 = '' OR t.user_id = $2 ORDER BY t.created DESC, t.id LIMIT 1000`
	deleteToken  = `DELETE FROM tokens WHERE id = $1`
	touchToken   = `UPDATE tokens SET used = $1 WHERE id = $2 AND used < $1`

	putLink  = `INSERT INTO links (hash, kind, user_id, data, expires) VALUES ($1, $2, $3, $4, $5)`
	takeLink = `DELETE FROM links WHERE hash = $1 AND kind = $2 RETURNING user_id, data, expires`
)

func scanSession(row scanner) (v Session, err error) {
	var created, expires int64
	err = row.Scan(&v.Hash, &v.User, &v.Data, &created, &expires, &v.Addr, &v.Agent)
	v.Created, v.Expires = moment(created), moment(expires)
	return v, err
}

// PutSession keeps a session, or replaces data, expiry, address and agent of
// the one with its hash. The user must exist.
func (s *Store) PutSession(ctx context.Context, v Session) error {
	return s.update(ctx, "keep a session", func(ctx context.Context, t *txn) error {
		if v.Created.IsZero() {
			v.Created = t.at
		}
		_, err := t.exec(ctx, putSession, v.Hash, v.User, v.Data, nanos(v.Created), nanos(v.Expires), clip(v.Addr, 200), clip(v.Agent, 400))
		return err
	})
}

// Session returns the session of a hash. NotFound if there is none or it has
// expired.
func (s *Store) Session(ctx context.Context, hash string) (Session, error) {
	v, err := scanSession(s.row(ctx, readSession, hash, nanos(s.now())))
	if isNone(err) {
		return v, errs.New(errs.NotFound, "there is no such session")
	}
	return v, kinded("read a session", err)
}

// SessionsOf returns the sessions of a user that have not expired, newest first.
func (s *Store) SessionsOf(ctx context.Context, user string) ([]Session, error) {
	out, err := all(scanSession)(s.rows(ctx, sessionsOf, user, nanos(s.now())))
	return out, kinded("list sessions", err)
}

// run runs one statement in a transaction of its own.
func (s *Store) run(ctx context.Context, op, query string, args ...any) error {
	return s.update(ctx, op, func(ctx context.Context, t *txn) error {
		_, err := t.exec(ctx, query, args...)
		return err
	})
}

// DeleteSession ends a session; none is no error.
func (s *Store) DeleteSession(ctx context.Context, hash string) error {
	return s.run(ctx, "end a session", deleteSession, hash)
}

// DeleteSessionsOf ends all sessions of a user but the one of exceptHash; empty: all.
func (s *Store) DeleteSessionsOf(ctx context.Context, user, exceptHash string) error {
	return s.run(ctx, "end the sessions of a user", deleteSessions, user, exceptHash)
}

// ExpireSessions removes sessions and links that have expired, and idempotency
// keys of two days ago.
func (s *Store) ExpireSessions(ctx context.Context) error {
	return s.update(ctx, "remove what has expired", func(ctx context.Context, t *txn) error {
		for query, before := range map[string]time.Time{expireSessions: t.at, expireLinks: t.at, expireRequests: t.at.Add(-48 * time.Hour)} {
			if _, err := t.exec(ctx, query, nanos(before)); err != nil {
				return err
			}
		}
		return nil
	})
}

func scanToken(row scanner) (k Token, err error) {
	var scopes string
	var created, expires, used int64
	if err := row.Scan(&k.ID, &k.User, &k.Name, &scopes, &k.Hash, &created, &expires, &used); err != nil {
		return k, err
	}
	k.Scopes = strings.Fields(scopes)
	k.Created, k.Expires, k.Used = moment(created), moment(expires), moment(used)
	return k, nil
}

// CreateToken adds an API token of a user; ID (unless given) and Created are
// made here. Scopes are words without spaces.
func (s *Store) CreateToken(ctx context.Context, by Actor, k Token) (Token, error) {
	if k.ID == "" {
		k.ID = newID()
	}
	err := s.update(ctx, "add a token", func(ctx context.Context, t *txn) error {
		k.Created = t.at
		_, err := t.exec(ctx, insertToken, k.ID, k.User, k.Name, strings.Join(k.Scopes, " "), k.Hash, nanos(k.Created), nanos(k.Expires))
		t.audit(by, "token.create", k.ID, map[string]string{"name": k.Name, "scopes": strings.Join(k.Scopes, " "), "user": k.User})
		return err
	})
	return k, err
}

// TokenByHash returns a token and its user. NotFound if there is none or it has
// expired; whether the user is disabled is the caller's to see.
func (s *Store) TokenByHash(ctx context.Context, hash string) (Token, User, error) {
	k, err := scanToken(s.row(ctx, tokenByHash, hash))
	if isNone(err) || err == nil && !k.Expires.IsZero() && !k.Expires.After(s.now()) {
		return Token{}, User{}, errs.New(errs.NotFound, "there is no such token")
	}
	if err != nil {
		return k, User{}, kinded("read a token", err)
	}
	u, err := s.User(ctx, k.User)
	return k, u, err
}

// Tokens returns the tokens of a user, newest first; empty: of all.
func (s *Store) Tokens(ctx context.Context, user string) ([]Token, error) {
	out, err := all(scanToken)(s.rows(ctx, listTokens, user, user))
	return out, kinded("list tokens", err)
}

// DeleteToken removes a token. NotFound if there is none.
func (s *Store) DeleteToken(ctx context.Context, by Actor, id string) error {
	return s.update(ctx, "delete a token", func(ctx context.Context, t *txn) error {
		k, err := scanToken(t.row(ctx, readToken, id))
		if isNone(err) {
			return missing("token", id)
		}
		if err != nil {
			return err
		}
		t.audit(by, "token.delete", id, map[string]string{"name": k.Name, "user": k.User})
		_, err = t.exec(ctx, deleteToken, id)
		return err
	})
}

// TouchToken notes, to the minute, that a token was used.
func (s *Store) TouchToken(ctx context.Context, id string) error {
	minute := s.now().Truncate(time.Minute)
	var used int64
	if err := s.row(ctx, `SELECT used FROM tokens WHERE id = $1`, id).Scan(&used); err != nil {
		return kinded("read a token", err)
	}
	if used >= nanos(minute) {
		return nil // most uses write nothing
	}
	return s.run(ctx, "note the use of a token", touchToken, nanos(minute), id)
}

// PutLink keeps a one-time link.
func (s *Store) PutLink(ctx context.Context, l Link) error {
	return s.run(ctx, "keep a link", putLink, l.Hash, l.Kind, l.User, l.Data, nanos(l.Expires))
}

// TakeLink returns a link and removes it: of many who ask at once, one gets it.
// NotFound for the others, and if it has expired.
func (s *Store) TakeLink(ctx context.Context, kind, hash string) (Link, error) {
	l := Link{Hash: hash, Kind: kind}
	var gone bool
	err := s.update(ctx, "take a link", func(ctx context.Context, t *txn) error {
		var expires int64
		err := t.row(ctx, takeLink, hash, kind).Scan(&l.User, &l.Data, &expires)
		if gone = isNone(err); gone {
			return nil
		}
		l.Expires = moment(expires)
		gone = err == nil && !l.Expires.After(t.at)
		return err
	})
	if err == nil && gone {
		return Link{}, errs.New(errs.NotFound, "the link was used before or has expired: ask for a new one")
	}
	return l, err
}
