package account

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"triagent/internal/errs"
	"triagent/store"
)

// The kinds of one-time links.
const (
	linkSetup  = "setup"
	linkInvite = "invite"
	linkOIDC   = "oidc"
)

// newLink keeps the hash of a new one-time secret and returns the secret.
func (a *Accounts) newLink(ctx context.Context, kind, user string, data []byte, life time.Duration) (string, error) {
	secret := newSecret()
	err := a.store.PutLink(ctx, store.Link{Hash: hashOf(secret), Kind: kind, User: user, Data: data, Expires: a.cfg.Now().Add(life).UTC()})
	if err != nil {
		return "", fmt.Errorf("keep link: %w", err)
	}
	return secret, nil
}

// takeLink uses a one-time secret up.
func (a *Accounts) takeLink(ctx context.Context, kind, secret string) (store.Link, error) {
	gone := refused(http.StatusGone, "The link was used before or is too old: ask for a new one.")
	if !validSecret(secret) {
		return store.Link{}, gone
	}
	l, err := a.store.TakeLink(ctx, kind, hashOf(secret))
	switch {
	case errs.KindOf(err) == errs.NotFound:
		return store.Link{}, gone
	case err != nil:
		return store.Link{}, err
	case !a.cfg.Now().Before(l.Expires):
		return store.Link{}, gone
	}
	return l, nil
}

// Setup returns the one-time link by which the first admin sets a password, ""
// when an admin can log in already. The link is good for a day; each call makes
// another, and the first that is used ends the others. It begins with
// Config.PublicURL; where that is empty it is a path, as "/setup?token=...".
// Show it to who starts the service: who has it becomes admin.
func (a *Accounts) Setup(ctx context.Context) (link string, err error) {
	need, err := a.needsSetup(ctx)
	if err != nil || !need {
		return "", err
	}
	secret, err := a.newLink(ctx, linkSetup, "", nil, a.cfg.setupFor)
	if err != nil {
		return "", err
	}
	return a.linkTo(a.cfg.PublicURL(ctx), "/setup", secret), nil
}

func (a *Accounts) linkTo(base, path, secret string) string {
	return trimSlash(base) + path + "?token=" + url.QueryEscape(secret)
}

// needsSetup reports whether no admin can log in yet.
func (a *Accounts) needsSetup(ctx context.Context) (bool, error) {
	if a.settled.Load() {
		return false, nil
	}
	users, err := a.store.Users(ctx)
	if err != nil {
		return false, fmt.Errorf("look for an admin: %w", err)
	}
	for _, u := range users {
		if able(u) {
			a.settled.Store(true)
			return false, nil
		}
	}
	return true, nil
}

// able reports whether a user is an admin who can log in.
func able(u store.User) bool {
	return u.Role == store.Admin && !u.Disabled && (u.Password != "" || u.Subject != "" && u.Subject != demoSubject)
}

// setupFirst creates the first admin by the link of Setup.
func (a *Accounts) setupFirst(ctx context.Context, secret string, u store.User, password string) (store.User, error) {
	if err := a.mayTry(ctx); err != nil {
		return store.User{}, err
	}
	if err := checkUser(&u); err != nil {
		return store.User{}, err
	}
	if err := a.checkPassword(password, u.Name); err != nil {
		return store.User{}, err
	}
	if need, err := a.needsSetup(ctx); err != nil || !need {
		if err == nil {
			err = refused(http.StatusGone, "There is an admin already: log in, or ask them for an invitation.")
		}
		return store.User{}, err
	}
	hashed, err := a.hasher.hash(ctx, password)
	if err != nil {
		return store.User{}, err
	}
	u.Role, u.Password = store.Admin, hashed
	return a.createFirst(context.WithoutCancel(ctx), secret, u)
}

// createFirst uses the link up and creates the admin, one at a time. A failure
// gives the link back.
func (a *Accounts) createFirst(ctx context.Context, secret string, u store.User) (store.User, error) {
	a.setup.Lock()
	defer a.setup.Unlock()
	if need, err := a.needsSetup(ctx); err != nil || !need {
		if err == nil {
			err = refused(http.StatusGone, "There is an admin already: log in, or ask them for an invitation.")
		}
		return store.User{}, err
	}
	if err := a.free(ctx, u.Name); err != nil {
		return store.User{}, err
	}
	l, err := a.takeLink(ctx, linkSetup, secret)
	if err != nil {
		return store.User{}, err
	}
	by := store.Actor{Name: u.Name, Addr: visitOf(ctx).addr}
	made, err := a.store.CreateUser(ctx, by, u)
	if err != nil {
		return store.User{}, joinPut(err, a.store.PutLink(ctx, l))
	}
	by.User = made.ID
	a.settled.Store(true)
	return a.entered(ctx, by, made.ID)
}

// joinPut keeps the error that matters and adds that of giving a link back.
func joinPut(err, put error) error {
	if put == nil {
		return err
	}
	return fmt.Errorf("%w; the link is lost too: %w", err, put)
}

// free says that a name is taken, as a conflict.
func (a *Accounts) free(ctx context.Context, name string) error {
	_, err := a.store.UserByName(ctx, name)
	switch {
	case err == nil:
		return refused(http.StatusConflict, "The name is taken: choose another.")
	case errs.KindOf(err) == errs.NotFound:
		return nil
	}
	return err
}

// invite returns the link by which a user sets a password. What it is for is
// bound to the password they have now: once one is set, older links are void.
func (a *Accounts) invite(ctx context.Context, u store.User, life time.Duration) (string, error) {
	secret, err := a.newLink(ctx, linkInvite, u.ID, []byte(hashOf(u.Password)), life)
	if err != nil {
		return "", err
	}
	return a.linkTo(visitOf(ctx).base, "/invite", secret), nil
}

// accept sets a password by an invitation or a reset, ends the sessions there
// were, unlocks, and returns the user.
func (a *Accounts) accept(ctx context.Context, secret, password string) (store.User, error) {
	if err := a.mayTry(ctx); err != nil {
		return store.User{}, err
	}
	if err := a.checkPassword(password, ""); err != nil {
		return store.User{}, err
	}
	hashed, err := a.hasher.hash(ctx, password)
	if err != nil {
		return store.User{}, err
	}
	ctx = context.WithoutCancel(ctx)
	l, err := a.takeLink(ctx, linkInvite, secret)
	if err != nil {
		return store.User{}, err
	}
	gone := refused(http.StatusGone, "The link is void: the password was set since, or the account is gone. Ask for a new one.")
	u, err := a.store.User(ctx, l.User)
	switch {
	case errs.KindOf(err) == errs.NotFound:
		return store.User{}, gone
	case err != nil:
		return store.User{}, err
	}
	by := store.Actor{User: u.ID, Name: u.Name, Addr: visitOf(ctx).addr}
	_, err = a.store.UpdateUser(ctx, by, u.ID, u.Version, func(u *store.User) error {
		if u.Disabled || !same(string(l.Data), hashOf(u.Password)) {
			return gone
		}
		u.Password, u.Failures, u.LockedUntil = hashed, 0, time.Time{}
		return nil
	})
	if err != nil {
		return store.User{}, err
	}
	a.seen.forgetUser(u.ID)
	if err := a.endSessions(ctx, u.ID, ""); err != nil {
		return store.User{}, err
	}
	if err := a.store.Record(ctx, by, "user.password", u.ID, map[string]string{"by": "link"}); err != nil {
		return store.User{}, err
	}
	return a.entered(ctx, by, u.ID)
}
