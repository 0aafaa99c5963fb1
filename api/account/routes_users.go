package account

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"triagent/store"
)

type userOut struct {
	ETag         string `header:"ETag"`
	CacheControl string `header:"Cache-Control"`
	Body         UserJSON
}

type invitedOut struct {
	ETag         string `header:"ETag"`
	CacheControl string `header:"Cache-Control"`
	Body         invited
}

type invited struct {
	UserJSON
	InviteURL string `json:"invite_url" doc:"One-time link by which the user sets a password"`
}

type userIn struct {
	Body struct {
		Name    string     `json:"name" doc:"Log-in name: a-z, 0-9 and . _ @ + -"`
		Display string     `json:"display,omitempty" doc:"Empty: the name"`
		Email   string     `json:"email,omitempty"`
		Role    store.Role `json:"role" enum:"viewer,operator,approver,admin"`
	}
}

type userPatch struct {
	ID      string `path:"id" maxLength:"100"`
	IfMatch string `header:"If-Match" doc:"The ETag that was read"`
	Body    struct {
		Display  *string     `json:"display,omitempty"`
		Email    *string     `json:"email,omitempty"`
		Role     *store.Role `json:"role,omitempty" enum:"viewer,operator,approver,admin"`
		Disabled *bool       `json:"disabled,omitempty"`
	}
}

type userDelete struct {
	ID      string `path:"id" maxLength:"100"`
	IfMatch string `header:"If-Match" doc:"The ETag that was read"`
}

func (a *Accounts) userRoutes(api huma.API) {
	admin := Metadata(store.Admin, ScopeAdmin)
	edits := []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed, http.StatusPreconditionRequired}
	handle(api, op(http.MethodGet, "/users", "users-list", "The users; who is not an admin sees their ID and display only", http.StatusOK, Metadata(store.Viewer, ScopeRead)), a.listUsers)
	handle(api, op(http.MethodPost, "/users", "users-create", "Invite a user", http.StatusCreated, admin, http.StatusConflict), a.createUser)
	handle(api, op(http.MethodGet, "/users/{id}", "users-get", "A user", http.StatusOK, admin, http.StatusNotFound),
		func(ctx context.Context, in *idIn) (*userOut, error) { return a.userAnswer(a.store.User(ctx, in.ID)) })
	handle(api, op(http.MethodPatch, "/users/{id}", "users-update", "Change a user", http.StatusOK, admin, edits...), a.updateUser)
	handle(api, op(http.MethodDelete, "/users/{id}", "users-delete", "Delete a user", http.StatusNoContent, admin, edits...), a.deleteUser)
	handle(api, op(http.MethodPost, "/users/{id}/reset", "users-reset", "Make a link by which a user sets a new password", http.StatusOK, admin,
		http.StatusNotFound, http.StatusConflict), a.resetUser)
	handle(api, op(http.MethodPost, "/users/{id}/unlock", "users-unlock", "Unlock a user", http.StatusOK, admin,
		http.StatusNotFound, http.StatusPreconditionFailed), a.unlockUser)
}

func (a *Accounts) userAnswer(u store.User, err error) (*userOut, error) {
	if err != nil {
		return nil, err
	}
	return &userOut{ETag: etag(u.Version), CacheControl: noStore, Body: a.wireUser(u)}, nil
}

func (a *Accounts) invitedAnswer(ctx context.Context, u store.User, life time.Duration) (*invitedOut, error) {
	link, err := a.invite(ctx, u, life)
	if err != nil {
		return nil, err
	}
	return &invitedOut{ETag: etag(u.Version), CacheControl: noStore, Body: invited{a.wireUser(u), link}}, nil
}

func (a *Accounts) listUsers(ctx context.Context, _ *none) (*listOut[UserJSON], error) {
	users, err := a.store.Users(ctx)
	if err != nil {
		return nil, err
	}
	p := From(ctx)
	all := p.Is(store.Admin) && (p.Token.ID == "" || covers(p.Scopes, ScopeAdmin))
	var items []UserJSON
	for _, u := range users {
		if all {
			items = append(items, a.wireUser(u))
		} else {
			items = append(items, person(u))
		}
	}
	return listed(items), nil
}

func (a *Accounts) createUser(ctx context.Context, in *userIn) (*invitedOut, error) {
	u := store.User{Name: in.Body.Name, Display: in.Body.Display, Email: in.Body.Email, Role: in.Body.Role}
	if err := checkUser(&u); err != nil {
		return nil, err
	}
	if err := a.free(ctx, u.Name); err != nil {
		return nil, err
	}
	made, err := a.store.CreateUser(ctx, From(ctx).Actor, u)
	if err != nil {
		return nil, err
	}
	return a.invitedAnswer(ctx, made, a.cfg.inviteFor)
}

func (a *Accounts) updateUser(ctx context.Context, in *userPatch) (*userOut, error) {
	version, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	if lessens := b.Role != nil && *b.Role != store.Admin || b.Disabled != nil && *b.Disabled; lessens {
		a.setup.Lock()
		defer a.setup.Unlock()
		if err := a.keepAdmin(ctx, in.ID); err != nil {
			return nil, err
		}
	}
	ctx = context.WithoutCancel(ctx)
	rights := false
	u, err := a.store.UpdateUser(ctx, From(ctx).Actor, in.ID, version, func(u *store.User) error {
		was := *u
		set(&u.Display, b.Display)
		set(&u.Email, b.Email)
		set(&u.Role, b.Role)
		set(&u.Disabled, b.Disabled)
		rights = was.Role != u.Role || was.Disabled != u.Disabled
		return checkUser(u)
	})
	if err != nil {
		return nil, err
	}
	a.seen.forgetUser(u.ID)
	if u.Disabled {
		if err := a.endSessions(ctx, u.ID, ""); err != nil {
			return nil, err
		}
	}
	if rights {
		a.streams.end(func(p Principal) bool { return p.User.ID == u.ID })
	}
	return a.userAnswer(u, nil)
}

// set changes a field where a value was given.
func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

func (a *Accounts) deleteUser(ctx context.Context, in *userDelete) (*none, error) {
	version, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	a.setup.Lock()
	defer a.setup.Unlock()
	if err := a.keepAdmin(ctx, in.ID); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	if err := a.store.DeleteUser(ctx, From(ctx).Actor, in.ID, version); err != nil {
		return nil, err
	}
	a.seen.forgetUser(in.ID)
	a.streams.end(func(p Principal) bool { return p.User.ID == in.ID })
	return nil, a.endSessions(ctx, in.ID, "")
}

func (a *Accounts) resetUser(ctx context.Context, in *idIn) (*invitedOut, error) {
	u, err := a.store.User(ctx, in.ID)
	switch {
	case err != nil:
		return nil, err
	case u.Disabled, u.Subject == demoSubject:
		return nil, refused(http.StatusConflict, "The account is disabled, or the demo's: it cannot have a new password.")
	}
	if err := a.store.Record(ctx, From(ctx).Actor, "user.reset", u.ID, nil); err != nil {
		return nil, err
	}
	life := a.cfg.resetFor
	if u.Password == "" {
		life = a.cfg.inviteFor
	}
	return a.invitedAnswer(ctx, u, life)
}

func (a *Accounts) unlockUser(ctx context.Context, in *idIn) (*userOut, error) {
	u, err := a.store.User(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	u, err = a.store.UpdateUser(ctx, From(ctx).Actor, u.ID, u.Version, func(u *store.User) error {
		u.Failures, u.LockedUntil = 0, time.Time{}
		return nil
	})
	if err != nil {
		return nil, err
	}
	a.seen.forgetUser(u.ID)
	return a.userAnswer(u, a.store.Record(ctx, From(ctx).Actor, "user.unlock", u.ID, nil))
}
