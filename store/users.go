package store

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"triagent/internal/errs"
)

const (
	userColumns = `id, version, name, display, email, role, password, subject, disabled, failures, locked_until, created, last_login, preferences`
	insertUser  = `INSERT INTO users (` + userColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`
	saveUser    = `UPDATE users SET version = version + 1, name = $1, display = $2, email = $3, role = $4, password = $5, subject = $6,
	disabled = $7, failures = $8, locked_until = $9, last_login = $10 WHERE id = $11`
	readUser       = `SELECT ` + userColumns + ` FROM users WHERE id = $1`
	userByName     = `SELECT ` + userColumns + ` FROM users WHERE name = $1`
	userBySubject  = `SELECT ` + userColumns + ` FROM users WHERE subject = $1 AND subject <> ''`
	listUsers      = `SELECT ` + userColumns + ` FROM users ORDER BY name LIMIT 10000`
	deleteUser     = `DELETE FROM users WHERE id = $1`
	setPreferences = `UPDATE users SET preferences = $1 WHERE id = $2`
	// lockUsers keeps others from changing users until the end of the
	// transaction, so that the last administrator can be counted.
	lockUsers   = `UPDATE counters SET value = value + 1 WHERE name = 'users'`
	otherAdmins = `SELECT COUNT(*) FROM users WHERE role = 'admin' AND disabled = 0 AND id <> $1`
	unassign    = `SELECT number FROM incidents WHERE assignee = $1`
)

func scanUser(row scanner) (u User, err error) {
	var disabled, locked, created, login int64
	err = row.Scan(&u.ID, &u.Version, &u.Name, &u.Display, &u.Email, &u.Role, &u.Password, &u.Subject, &disabled,
		&u.Failures, &locked, &created, &login, &u.Preferences)
	u.Disabled, u.LockedUntil, u.Created, u.LastLogin = disabled == 1, moment(locked), moment(created), moment(login)
	if len(u.Preferences) == 0 {
		u.Preferences = nil
	}
	return u, err
}

// CreateUser adds an account. ID (unless given), Version and Created are made
// here; the name is put in lower case. A name or subject that is taken gives
// kind errs.Invalid.
func (s *Store) CreateUser(ctx context.Context, by Actor, u User) (User, error) {
	if u.ID == "" {
		u.ID = newID()
	}
	u.Name = strings.ToLower(strings.TrimSpace(u.Name))
	err := s.update(ctx, "add a user", func(ctx context.Context, t *txn) error {
		u.Version, u.Created = 1, t.at
		_, err := t.exec(ctx, insertUser, u.ID, u.Version, u.Name, u.Display, u.Email, string(u.Role), u.Password, u.Subject,
			flag(u.Disabled), u.Failures, nanos(u.LockedUntil), nanos(u.Created), nanos(u.LastLogin), u.Preferences)
		t.audit(by, "user.create", u.ID, map[string]string{"name": u.Name, "role": string(u.Role)})
		return taken(err, "user", u.Name)
	})
	return u, err
}

func (s *Store) user(ctx context.Context, query, key string) (User, error) {
	u, err := scanUser(s.row(ctx, query, key))
	if isNone(err) {
		return u, missing("user", key)
	}
	return u, kinded("read a user", err)
}

// User returns an account. NotFound if there is none.
func (s *Store) User(ctx context.Context, id string) (User, error) { return s.user(ctx, readUser, id) }

// UserByName returns the account of a log-in name, any case.
func (s *Store) UserByName(ctx context.Context, name string) (User, error) {
	return s.user(ctx, userByName, strings.ToLower(strings.TrimSpace(name)))
}

// UserBySubject returns the account of an OIDC subject, "issuer|sub".
func (s *Store) UserBySubject(ctx context.Context, subject string) (User, error) {
	return s.user(ctx, userBySubject, subject)
}

// Users returns all accounts by name, at most 10,000.
func (s *Store) Users(ctx context.Context) ([]User, error) {
	out, err := all(scanUser)(s.rows(ctx, listUsers))
	return out, kinded("list users", err)
}

// UpdateUser changes an account as edit says; ID, Version, Created and
// Preferences stay. A version other than the account's gives ErrStale; 0 is
// any. Who is disabled or gets a new password or role keeps no session beyond
// what DeleteSessionsOf leaves: that is the caller's to call. The last enabled
// administrator cannot be made less: errs.Invalid. Edit may be called again.
func (s *Store) UpdateUser(ctx context.Context, by Actor, id string, version int64, edit func(*User) error) (User, error) {
	var out User
	err := s.update(ctx, "change a user", func(ctx context.Context, t *txn) error {
		old, err := t.lockUser(ctx, id, version)
		if err != nil {
			return err
		}
		out = old
		if err := edit(&out); err != nil {
			return err
		}
		out.ID, out.Version, out.Created, out.Preferences = old.ID, old.Version+1, old.Created, old.Preferences
		out.Name = strings.ToLower(strings.TrimSpace(out.Name))
		if out.Role != Admin || out.Disabled {
			if err := t.adminLeft(ctx, old); err != nil {
				return err
			}
		}
		t.audit(by, "user.update", id, userChanges(old, out))
		return taken(t.saveUser(ctx, out), "user", out.Name)
	})
	return out, err
}

// lockUser reads an account that the transaction will change.
func (t *txn) lockUser(ctx context.Context, id string, version int64) (User, error) {
	if _, err := t.exec(ctx, lockUsers); err != nil {
		return User{}, err
	}
	u, err := scanUser(t.row(ctx, readUser, id))
	switch {
	case isNone(err):
		return u, missing("user", id)
	case err == nil && version != 0 && u.Version != version:
		return u, ErrStale
	}
	return u, err
}

// adminLeft refuses to lose u if it is the last enabled administrator.
func (t *txn) adminLeft(ctx context.Context, u User) error {
	if u.Role != Admin || u.Disabled {
		return nil
	}
	var others int
	if err := t.row(ctx, otherAdmins, u.ID).Scan(&others); err != nil {
		return err
	}
	if others == 0 {
		return errs.New(errs.Invalid, "%s is the last administrator: make another one first", u.Name)
	}
	return nil
}

func (t *txn) saveUser(ctx context.Context, u User) error {
	_, err := t.exec(ctx, saveUser, u.Name, u.Display, u.Email, string(u.Role), u.Password, u.Subject, flag(u.Disabled),
		u.Failures, nanos(u.LockedUntil), nanos(u.LastLogin), u.ID)
	return err
}

// userChanges says, for the audit, what an edit changed; never a password.
func userChanges(old, now User) map[string]string {
	out := map[string]string{"name": now.Name}
	for _, c := range [][3]string{
		{"name", old.Name, now.Name},
		{"display", old.Display, now.Display},
		{"email", old.Email, now.Email},
		{"role", string(old.Role), string(now.Role)},
		{"subject", old.Subject, now.Subject},
	} {
		if c[1] != c[2] {
			out[c[0]] = clip(c[1], 200) + " -> " + clip(c[2], 200)
		}
	}
	switch {
	case now.Disabled && !old.Disabled:
		out["disabled"] = "yes"
	case old.Disabled && !now.Disabled:
		out["disabled"] = "no"
	}
	if old.Password != now.Password {
		out["password"] = "changed"
	}
	if !old.LockedUntil.IsZero() && now.LockedUntil.IsZero() {
		out["unlocked"] = "yes"
	}
	return out
}

// DeleteUser removes an account with its sessions and tokens. A version other
// than the account's gives ErrStale; 0 is any. The last enabled administrator
// stays: errs.Invalid.
func (s *Store) DeleteUser(ctx context.Context, by Actor, id string, version int64) error {
	return s.update(ctx, "delete a user", func(ctx context.Context, t *txn) error {
		u, err := t.lockUser(ctx, id, version)
		if err != nil {
			return err
		}
		if err := t.adminLeft(ctx, u); err != nil {
			return err
		}
		assigned, err := all(scanInt)(t.query(ctx, unassign, id))
		if err != nil {
			return err
		}
		for _, number := range assigned {
			in, err := t.lock(ctx, number)
			if err != nil {
				return err
			}
			in.Assignee = ""
			if err := t.save(ctx, &in, in.Nodes); err != nil {
				return err
			}
		}
		t.audit(by, "user.delete", id, map[string]string{"name": u.Name})
		_, err = t.exec(ctx, deleteUser, id)
		return err
	})
}

// maxPreferences bounds the preferences of a user, in bytes.
const maxPreferences = 64 << 10

// SetPreferences replaces the preferences of a user, a JSON object of up to 64
// KiB. The account's version does not change.
func (s *Store) SetPreferences(ctx context.Context, id string, doc []byte) error {
	if len(doc) > maxPreferences {
		return errs.New(errs.Exhausted, "preferences are larger than %d bytes", maxPreferences)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(doc, &object); err != nil || object == nil {
		return errs.New(errs.Invalid, "preferences must be a JSON object")
	}
	return s.update(ctx, "keep preferences", func(ctx context.Context, t *txn) error {
		n, err := t.exec(ctx, setPreferences, doc, id)
		if err == nil && n == 0 {
			return missing("user", id)
		}
		return err
	})
}

// LoginFailed counts a failed log-in of a name. After limit in a row the
// account is locked for the given time, and a notice of kind "account" to its
// owner is written; locked says that this call locked it. A name that has no
// account is written to the audit too; the error is then NotFound.
func (s *Store) LoginFailed(ctx context.Context, by Actor, name string, limit int, lock time.Duration) (u User, locked bool, err error) {
	name = strings.ToLower(strings.TrimSpace(name))
	var known bool
	err = s.update(ctx, "count a failed log-in", func(ctx context.Context, t *txn) error {
		locked, known = false, false
		t.audit(by, "login.failed", clip(name, 200), nil)
		if _, err := t.exec(ctx, lockUsers); err != nil {
			return err
		}
		var err error
		if u, err = scanUser(t.row(ctx, userByName, name)); err != nil {
			if isNone(err) {
				return nil
			}
			return err
		}
		known = true
		u.Failures++
		u.Version++
		if u.Failures >= limit && !u.LockedUntil.After(t.at) {
			locked, u.LockedUntil, u.Failures = true, t.at.Add(lock), 0
			t.audit(by, "login.locked", u.ID, map[string]string{"name": u.Name})
			detail := map[string]string{"event": "locked", "user": u.ID, "name": u.Name, "email": u.Email, "addr": by.Addr, "until": u.LockedUntil.Format(time.RFC3339)}
			if err := t.notify(ctx, Notice{Kind: "account", Detail: detail}); err != nil {
				return err
			}
		}
		return t.saveUser(ctx, u)
	})
	if err == nil && !known {
		err = missing("user", name)
	}
	return u, locked, err
}

// LoginSucceeded forgets failed log-ins of a user and notes the time.
func (s *Store) LoginSucceeded(ctx context.Context, by Actor, id string) error {
	return s.update(ctx, "note a log-in", func(ctx context.Context, t *txn) error {
		u, err := t.lockUser(ctx, id, 0)
		if err != nil {
			return err
		}
		u.Failures, u.LockedUntil, u.LastLogin = 0, time.Time{}, t.at
		t.audit(by, "login", id, map[string]string{"name": u.Name})
		return t.saveUser(ctx, u)
	})
}
