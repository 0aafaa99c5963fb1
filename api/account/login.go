package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strconv"

	"triagent/internal/errs"
	"triagent/store"
)

// login checks a name and a password and returns the user. What is wrong is not
// told, and takes as long as what is right: a name that nobody has, an account
// that is disabled or has no password are compared and locked like others.
func (a *Accounts) login(ctx context.Context, name, password string) (store.User, error) {
	if err := a.mayTry(ctx); err != nil {
		return store.User{}, err
	}
	name = foldName(name)
	u, err := a.store.UserByName(ctx, name)
	switch {
	case err != nil && errs.KindOf(err) != errs.NotFound:
		return store.User{}, err
	case err != nil, u.Disabled, u.Password == "":
		return store.User{}, a.loginGhost(ctx, name, password)
	}
	if a.cfg.Now().Before(u.LockedUntil) {
		return store.User{}, errLocked(u.LockedUntil)
	}
	ok, stale, err := a.hasher.verify(ctx, u.Password, password)
	switch {
	case err != nil:
		return store.User{}, err
	case !ok:
		return store.User{}, a.wrongPassword(ctx, u)
	}
	by := store.Actor{User: u.ID, Name: u.Name, Addr: visitOf(ctx).addr}
	given := u.Password
	if u, err = a.store.User(ctx, u.ID); err != nil { // others may have tried meanwhile
		return store.User{}, err
	}
	switch {
	case a.cfg.Now().Before(u.LockedUntil):
		return store.User{}, errLocked(u.LockedUntil)
	case u.Disabled || u.Password != given:
		return store.User{}, errWrong()
	}
	if stale {
		a.rehash(ctx, by, u, password)
	}
	return a.entered(ctx, by, u.ID)
}

// loginGhost answers a log-in that cannot succeed. It counts and locks as those
// of users do, in the store too, so that a lock tells nobody which names exist.
func (a *Accounts) loginGhost(ctx context.Context, name, password string) error {
	hash := a.ghost(name)
	until, err := a.store.GhostLocked(ctx, hash)
	switch {
	case err != nil:
		return err
	case a.cfg.Now().Before(until):
		return errLocked(until)
	}
	if _, _, err := a.hasher.verify(ctx, "", password); err != nil {
		return err
	}
	// The name is not recorded: people type passwords into the wrong field.
	by := store.Actor{Addr: visitOf(ctx).addr}
	until, locked, err := a.store.GhostFailed(context.WithoutCancel(ctx), by, hash, "no such account, disabled, or without a password",
		a.cfg.Lockout, a.streaks.next(name, &a.cfg))
	if err != nil {
		return err
	}
	if locked {
		a.streaks.locked(name)
	}
	if a.cfg.Now().Before(until) {
		return errLocked(until)
	}
	return errWrong()
}

// ghost is what the store knows a name by that nobody can log in with: whoever
// has the database cannot tell what was typed.
func (a *Accounts) ghost(name string) string {
	m := hmac.New(sha256.New, a.cfg.NameKey)
	m.Write([]byte(name))
	return hex.EncodeToString(m.Sum(nil))
}

// wrongPassword counts a failure of u. The store tells the owner when it locks.
func (a *Accounts) wrongPassword(ctx context.Context, u store.User) error {
	ctx = context.WithoutCancel(ctx) // hanging up does not save the attempt
	by := store.Actor{User: u.ID, Name: u.Name, Addr: visitOf(ctx).addr}
	u, locked, err := a.store.LoginFailed(ctx, by, u.Name, a.cfg.Lockout, a.streaks.next(u.Name, &a.cfg))
	if err != nil {
		return err
	}
	a.seen.users.drop(u.ID)
	if locked {
		a.streaks.locked(u.Name)
	}
	if a.cfg.Now().Before(u.LockedUntil) {
		return errLocked(u.LockedUntil)
	}
	return errWrong()
}

// entered records a log-in and returns the user as they are then.
func (a *Accounts) entered(ctx context.Context, by store.Actor, id string) (store.User, error) {
	if err := a.store.LoginSucceeded(ctx, by, id); err != nil {
		return store.User{}, err
	}
	a.seen.users.drop(id)
	a.streaks.end(by.Name)
	return a.store.User(ctx, id)
}

// rehash stores a password at today's cost. It may fail: the old form is good.
func (a *Accounts) rehash(ctx context.Context, by store.Actor, u store.User, password string) {
	hashed, err := a.hasher.hash(ctx, password)
	if err == nil {
		_, err = a.store.UpdateUser(ctx, by, u.ID, u.Version, func(u *store.User) error {
			u.Password = hashed
			return nil
		})
	}
	if err != nil {
		a.cfg.Log.WarnContext(ctx, "a password keeps its old cost", slog.String("user", u.ID), slog.Any("error", err))
	}
}

// demoSubject marks the user of the demo. Nobody else can have it: the subjects
// of OIDC begin with an issuer, which is a URL.
const demoSubject = "demo|this machine"

// demoOnly reports whether a user is that of a demo, and this is none.
func (a *Accounts) demoOnly(u store.User) bool { return u.Subject == demoSubject && !a.cfg.Demo }

// loginDemo logs in without a password, where that is allowed: in a demo, from
// this machine, under a name of this machine (a page of another site that has
// its name point here shows another Host), and not through a proxy.
func (a *Accounts) loginDemo(ctx context.Context) (store.User, error) {
	v := visitOf(ctx)
	if !a.cfg.Demo || !v.local {
		return store.User{}, refused(http.StatusForbidden, "The demo's log-in works only in a demo, in a browser on the same machine.")
	}
	by := store.Actor{Name: "demo", Addr: v.addr}
	u, err := a.store.UserBySubject(ctx, demoSubject)
	if errs.KindOf(err) == errs.NotFound {
		u, err = a.createUnder(ctx, by, store.User{Name: "demo", Display: "Demo", Role: a.cfg.DemoRole, Subject: demoSubject})
	}
	switch {
	case err != nil:
		return store.User{}, err
	case u.Disabled:
		return store.User{}, refused(http.StatusForbidden, "The demo's account is disabled: start the demo with an empty data folder.")
	}
	by.User, by.Name = u.ID, u.Name
	return a.entered(ctx, by, u.ID)
}

// createUnder creates a user whose name may be taken: then a number follows it.
// Who else creates the same subject at the same time wins.
func (a *Accounts) createUnder(ctx context.Context, by store.Actor, u store.User) (store.User, error) {
	name := u.Name
	var err error
	for i := 2; i < 50; i++ {
		var made store.User
		if made, err = a.store.CreateUser(ctx, by, u); err == nil {
			return made, nil
		}
		if there, again := a.store.UserBySubject(ctx, u.Subject); again == nil {
			return there, nil
		}
		if _, taken := a.store.UserByName(ctx, u.Name); taken != nil {
			break
		}
		u.Name = name + "-" + strconv.Itoa(i)
	}
	return store.User{}, err
}
