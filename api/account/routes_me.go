package account

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"triagent/internal/errs"
	"triagent/store"
)

// maxPreferences bounds the preferences of a user, in bytes of JSON.
const maxPreferences = 64 << 10

// preferences are any JSON object.
type preferences json.RawMessage

// Schema implements huma.SchemaProvider.
func (preferences) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// MarshalJSON implements json.Marshaler.
func (p preferences) MarshalJSON() ([]byte, error) {
	if len(p) == 0 {
		return []byte("{}"), nil
	}
	return p, nil
}

// UnmarshalJSON implements json.Unmarshaler; what is no object is an error.
func (p *preferences) UnmarshalJSON(b []byte) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(b, &object); err != nil {
		return err
	}
	if object == nil {
		return errs.New(errs.Invalid, "preferences are a JSON object")
	}
	var out bytes.Buffer
	if err := json.Compact(&out, b); err != nil {
		return err
	}
	*p = out.Bytes()
	return nil
}

type preferencesOut struct {
	CacheControl string `header:"Cache-Control"`
	Body         preferences
}

type preferencesIn struct{ Body preferences }

type passwordIn struct {
	Body struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
}

type sessionItem struct {
	ID      string     `json:"id" doc:"First 8 characters of the session's hash"`
	Created *time.Time `json:"created"`
	Expires *time.Time `json:"expires"`
	Addr    string     `json:"addr" doc:"Address that logged in; empty: unknown"`
	Agent   string     `json:"agent" doc:"Program that logged in"`
	Current bool       `json:"current"`
}

type idIn struct {
	ID string `path:"id" maxLength:"100"`
}

type shortIn struct {
	ID string `path:"hash8" minLength:"8" maxLength:"8" pattern:"^[0-9a-f]{8}$"`
}

func (a *Accounts) meRoutes(api huma.API) {
	handle(api, op(http.MethodGet, "/me/preferences", "preferences-get", "What the page keeps for the user", http.StatusOK, Metadata(store.Viewer, ScopeRead)),
		func(ctx context.Context, _ *none) (*preferencesOut, error) {
			return &preferencesOut{CacheControl: noStore, Body: From(ctx).User.Preferences}, nil
		})
	put := op(http.MethodPut, "/me/preferences", "preferences-put", "Replace what the page keeps for the user", http.StatusOK, Metadata(store.Viewer, ScopeWrite), http.StatusNotFound)
	put.MaxBodyBytes = maxPreferences
	handle(api, put, func(ctx context.Context, in *preferencesIn) (*preferencesOut, error) {
		id := From(ctx).User.ID
		if err := a.store.SetPreferences(ctx, id, in.Body); err != nil {
			return nil, err
		}
		a.seen.users.drop(id)
		a.seen.tokens.forget(func(_ string, b bearer) bool { return b.user.ID == id })
		return &preferencesOut{CacheControl: noStore, Body: in.Body}, nil
	})
	handle(api, op(http.MethodPut, "/me/password", "password-put", "Change the own password; other sessions end", http.StatusNoContent,
		Metadata(store.Viewer, ScopeSession), http.StatusLocked, http.StatusNotFound, http.StatusPreconditionFailed),
		func(ctx context.Context, in *passwordIn) (*none, error) {
			return nil, a.changePassword(ctx, in.Body.Old, in.Body.New)
		})
	handle(api, op(http.MethodGet, "/me/sessions", "sessions-list", "Where the user is logged in", http.StatusOK, Metadata(store.Viewer, ScopeSession)), a.mySessions)
	handle(api, op(http.MethodDelete, "/me/sessions/{hash8}", "sessions-end", "Log out elsewhere", http.StatusNoContent,
		Metadata(store.Viewer, ScopeSession), http.StatusNotFound), a.endMySession)
}

func (a *Accounts) mySessions(ctx context.Context, _ *none) (*listOut[sessionItem], error) {
	p := From(ctx)
	kept, err := a.store.SessionsOf(ctx, p.User.ID)
	if err != nil {
		return nil, err
	}
	var items []sessionItem
	for _, s := range kept {
		if a.cfg.Now().Before(s.Expires) {
			items = append(items, sessionItem{s.Hash[:8], when(s.Created), when(s.Expires), s.Addr, s.Agent, s.Hash == p.Session})
		}
	}
	return listed(items), nil
}

func (a *Accounts) endMySession(ctx context.Context, in *shortIn) (*none, error) {
	p := From(ctx)
	kept, err := a.store.SessionsOf(ctx, p.User.ID)
	if err != nil {
		return nil, err
	}
	for _, s := range kept {
		if s.Hash[:8] == in.ID {
			if err := a.endSession(ctx, p.User.ID, s.Hash); err != nil {
				return nil, err
			}
			return nil, a.store.Record(ctx, p.Actor, "session.end", p.User.ID, map[string]string{"session": in.ID})
		}
	}
	return nil, errs.New(errs.NotFound, "There is no such session: it may have ended.")
}

// changePassword sets the password of who asks, who gives the one they have.
// Wrong ones count like failed log-ins. Their other sessions end.
func (a *Accounts) changePassword(ctx context.Context, old, password string) error {
	p := From(ctx)
	u, err := a.store.User(ctx, p.User.ID)
	switch {
	case err != nil:
		return err
	case u.Password == "":
		return errs.New(errs.Invalid, "This account has no password; it logs in elsewhere.")
	case a.cfg.Now().Before(u.LockedUntil):
		return errLocked(u.LockedUntil)
	}
	if err := a.checkPassword(password, u.Name); err != nil {
		return err
	}
	ok, _, err := a.hasher.verify(ctx, u.Password, old)
	switch {
	case err != nil:
		return err
	case !ok:
		if err := a.wrongPassword(ctx, u); statusOf(err) != http.StatusUnauthorized {
			return err
		}
		return errs.New(errs.Invalid, "The old password is wrong.")
	}
	hashed, err := a.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	_, err = a.store.UpdateUser(ctx, p.Actor, u.ID, u.Version, func(u *store.User) error {
		u.Password, u.Failures = hashed, 0
		return nil
	})
	if err != nil {
		return err
	}
	a.seen.forgetUser(u.ID)
	if err := a.endSessions(ctx, u.ID, p.Session); err != nil {
		return err
	}
	return a.store.Record(ctx, p.Actor, "user.password", u.ID, map[string]string{"by": "user"})
}
