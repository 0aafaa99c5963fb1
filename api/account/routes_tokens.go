package account

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"triagent/internal/errs"
	"triagent/store"
)

// maxTokens bounds the tokens of one user.
const maxTokens = 100

// TokenJSON is an API token on the wire, without its value. It is exported for
// huma, as UserJSON is.
type TokenJSON struct {
	ID      string     `json:"id"`
	User    string     `json:"user" doc:"ID of the owner"`
	Name    string     `json:"name"`
	Scopes  []string   `json:"scopes" nullable:"false"`
	Created *time.Time `json:"created"`
	Expires *time.Time `json:"expires" doc:"Null: never"`
	Used    *time.Time `json:"used" doc:"Last use, to the minute; null: never"`
}

type tokenMade struct {
	Token string `json:"token" doc:"The token itself. It is shown this once"`
	TokenJSON
}

type tokenIn struct {
	Body struct {
		Name    string     `json:"name" minLength:"1" maxLength:"100"`
		Scopes  []string   `json:"scopes" minItems:"1" maxItems:"5" enum:"read,write,hooks,metrics,admin"`
		Expires *time.Time `json:"expires,omitempty" nullable:"true" doc:"Absent or null: never"`
	}
}

type tokenOut struct {
	CacheControl string `header:"Cache-Control"`
	Body         tokenMade
}

func (a *Accounts) tokenRoutes(api huma.API) {
	handle(api, op(http.MethodGet, "/me/tokens", "tokens-list", "The own API tokens", http.StatusOK, Metadata(store.Viewer, ScopeSession)),
		func(ctx context.Context, _ *none) (*listOut[TokenJSON], error) {
			return a.tokens(ctx, From(ctx).User.ID)
		})
	handle(api, op(http.MethodGet, "/tokens", "tokens-list-all", "Everybody's API tokens", http.StatusOK, Metadata(store.Admin, ScopeAdmin)),
		func(ctx context.Context, _ *none) (*listOut[TokenJSON], error) { return a.tokens(ctx, "") })
	handle(api, op(http.MethodPost, "/me/tokens", "tokens-create", "Make an API token", http.StatusCreated, Metadata(store.Viewer, ScopeSession)), a.createToken)
	handle(api, op(http.MethodDelete, "/me/tokens/{id}", "tokens-delete", "Revoke an own API token", http.StatusNoContent,
		Metadata(store.Viewer, ScopeSession), http.StatusNotFound),
		func(ctx context.Context, in *idIn) (*none, error) {
			return nil, a.deleteToken(ctx, From(ctx).User.ID, in.ID)
		})
	handle(api, op(http.MethodDelete, "/tokens/{id}", "tokens-delete-any", "Revoke anybody's API token", http.StatusNoContent,
		Metadata(store.Admin, ScopeAdmin), http.StatusNotFound),
		func(ctx context.Context, in *idIn) (*none, error) { return nil, a.deleteToken(ctx, "", in.ID) })
}

func wireToken(t store.Token) TokenJSON {
	return TokenJSON{ID: t.ID, User: t.User, Name: t.Name, Scopes: append([]string{}, t.Scopes...), Created: when(t.Created), Expires: when(t.Expires), Used: when(t.Used)}
}

func (a *Accounts) tokens(ctx context.Context, user string) (*listOut[TokenJSON], error) {
	kept, err := a.store.Tokens(ctx, user)
	if err != nil {
		return nil, err
	}
	var items []TokenJSON
	for _, t := range kept {
		items = append(items, wireToken(t))
	}
	return listed(items), nil
}

func (a *Accounts) createToken(ctx context.Context, in *tokenIn) (*tokenOut, error) {
	p := From(ctx)
	t, err := a.checkToken(in, p)
	if err != nil {
		return nil, err
	}
	kept, err := a.store.Tokens(ctx, p.User.ID)
	switch {
	case err != nil:
		return nil, err
	case len(kept) >= maxTokens:
		return nil, errs.New(errs.Invalid, "You have %d API tokens, as many as one may: revoke some.", len(kept))
	}
	value := TokenPrefix + newSecret()
	t.Hash = hashOf(value)
	if t, err = a.store.CreateToken(ctx, p.Actor, t); err != nil {
		return nil, err
	}
	return &tokenOut{CacheControl: noStore, Body: tokenMade{Token: value, TokenJSON: wireToken(t)}}, nil
}

// checkToken says what is wrong with a token that is asked for. Scopes that the
// owner's role could not use are refused, so that nobody counts on them.
func (a *Accounts) checkToken(in *tokenIn, p Principal) (store.Token, error) {
	now := a.cfg.Now().UTC()
	t := store.Token{ID: newID("tok-"), User: p.User.ID, Name: strings.TrimSpace(in.Body.Name), Scopes: slices.Compact(slices.Sorted(slices.Values(in.Body.Scopes))), Created: now}
	if t.Name == "" || utf8.RuneCountInString(t.Name) > maxDisplay || t.Name != plain(t.Name, len(t.Name)) {
		return t, errs.New(errs.Invalid, "The token needs a name of up to %d characters that can be seen.", maxDisplay)
	}
	if len(t.Scopes) == 0 {
		return t, errs.New(errs.Invalid, "The token needs at least one scope of %s.", strings.Join(tokenScopes, ", "))
	}
	for _, s := range t.Scopes {
		least := map[string]store.Role{ScopeRead: store.Viewer, ScopeMetrics: store.Viewer, ScopeWrite: store.Operator, ScopeHooks: store.Operator, ScopeAdmin: store.Admin}[s]
		if !p.Is(least) {
			return t, errs.New(errs.Invalid, "The scope %q is not one that you may give: it needs the role %s.", s, least)
		}
	}
	if in.Body.Expires != nil {
		t.Expires = in.Body.Expires.UTC()
		if !t.Expires.After(now) {
			return t, errs.New(errs.Invalid, "The token would have run out already: choose a later time.")
		}
	}
	return t, nil
}

// deleteToken revokes a token of a user, of anybody where user is empty.
func (a *Accounts) deleteToken(ctx context.Context, user, id string) error {
	kept, err := a.store.Tokens(ctx, user)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(kept, func(t store.Token) bool { return t.ID == id })
	if i < 0 {
		return errs.New(errs.NotFound, "There is no such token: it may be revoked already.")
	}
	err = a.store.DeleteToken(ctx, From(ctx).Actor, id)
	a.seen.tokens.drop(kept[i].Hash)
	a.seen.tokens.forget(func(_ string, b bearer) bool { return b.token.ID == id })
	a.streams.end(func(p Principal) bool { return p.Token.ID == id })
	return err
}

// touchEvery is how exactly the last use of a token is known.
const touchEvery = time.Minute

// touches remembers when the use of a token was last written.
type touches struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// due reports whether the use of a token is to be written now, to one of those
// who ask at once.
func (t *touches) due(id string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.last[id]) < touchEvery {
		return false
	}
	if t.last == nil || len(t.last) > maxRemembered {
		t.last = map[string]time.Time{}
	}
	t.last[id] = now
	return true
}

// touch writes down that a token was used, at most once a minute.
func (a *Accounts) touch(ctx context.Context, t store.Token) {
	now := a.cfg.Now()
	if now.Sub(t.Used) < touchEvery || !a.touched.due(t.ID, now) {
		return
	}
	if err := a.store.TouchToken(context.WithoutCancel(ctx), t.ID); err != nil && errs.KindOf(err) != errs.NotFound {
		a.cfg.Log.WarnContext(ctx, "the use of a token was not written down", slog.String("token", t.ID), slog.Any("error", err))
	}
}
