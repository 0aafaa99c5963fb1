package account

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"triagent/store"
)

type sessionWire struct {
	User    *selfWire      `json:"user" doc:"Null: not logged in"`
	CSRF    *string        `json:"csrf" doc:"For the header X-CSRF-Token of changes; null: not logged in, or by a token"`
	Demo    bool           `json:"demo" doc:"{\"demo\":true} logs in"`
	OIDC    []providerWire `json:"oidc" nullable:"false"`
	Setup   bool           `json:"setup" doc:"No admin can log in yet: use the link printed at the start"`
	Version string         `json:"version"`
	Lang    string         `json:"lang" enum:"en,zh"`
}

// selfWire is the user of a session, who may be nobody.
type selfWire struct {
	_ struct{} `nullable:"true"`
	UserJSON
}

type providerWire struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	URL  string `json:"url" doc:"Where the browser is sent to log in"`
}

type sessionOut struct {
	SetCookie    []http.Cookie `header:"Set-Cookie"`
	CacheControl string        `header:"Cache-Control"`
	Body         sessionWire
}

type sessionIn struct {
	Accept string `header:"Accept-Language"`
}

type loginIn struct {
	Accept string `header:"Accept-Language"`
	Body   struct {
		Name     string `json:"name,omitempty"`
		Password string `json:"password,omitempty"`
		Demo     bool   `json:"demo,omitempty" doc:"Log in to a demo, from the same machine"`
	}
}

type setupIn struct {
	Accept string `header:"Accept-Language"`
	Body   struct {
		Token    string `json:"token" doc:"Of the link printed at the start"`
		Name     string `json:"name"`
		Password string `json:"password"`
		Display  string `json:"display,omitempty"`
		Email    string `json:"email,omitempty"`
	}
}

type inviteIn struct {
	Accept string `header:"Accept-Language"`
	Body   struct {
		Token    string `json:"token" doc:"Of the link of an invitation or a reset"`
		Password string `json:"password"`
	}
}

type logoutOut struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
}

func (a *Accounts) sessionRoutes(api huma.API) {
	handle(api, op(http.MethodGet, "/session", "session-get", "Who is logged in, and how one may log in", http.StatusOK, OpenMetadata()),
		func(ctx context.Context, in *sessionIn) (*sessionOut, error) {
			var cookies []http.Cookie
			if v := visitOf(ctx); v.cookie != "" && !v.Known() && !lost(v.err) {
				cookies = append(cookies, v.cookieOf("", a.cfg.Now(), a.cfg.Now()))
			}
			return a.session(ctx, From(ctx), in.Accept, cookies...)
		})
	handle(api, op(http.MethodPost, "/session", "session-begin", "Log in", http.StatusOK, OpenMetadata(), http.StatusUnauthorized, http.StatusLocked),
		func(ctx context.Context, in *loginIn) (*sessionOut, error) {
			if in.Body.Demo {
				return a.enter(ctx, in.Accept)(a.loginDemo(ctx))
			}
			return a.enter(ctx, in.Accept)(a.login(ctx, in.Body.Name, in.Body.Password))
		})
	handle(api, op(http.MethodPost, "/session/setup", "session-setup", "Make the first admin, by the link printed at the start", http.StatusOK, OpenMetadata(),
		http.StatusConflict, http.StatusGone),
		func(ctx context.Context, in *setupIn) (*sessionOut, error) {
			u := store.User{Name: in.Body.Name, Display: in.Body.Display, Email: in.Body.Email}
			return a.enter(ctx, in.Accept)(a.setupFirst(ctx, in.Body.Token, u, in.Body.Password))
		})
	handle(api, op(http.MethodPost, "/session/invite", "session-invite", "Set a password, by the link of an invitation or a reset", http.StatusOK, OpenMetadata(),
		http.StatusGone, http.StatusNotFound, http.StatusPreconditionFailed),
		func(ctx context.Context, in *inviteIn) (*sessionOut, error) {
			return a.enter(ctx, in.Accept)(a.accept(ctx, in.Body.Token, in.Body.Password))
		})
	handle(api, op(http.MethodDelete, "/session", "session-end", "Log out", http.StatusNoContent, Metadata(store.Viewer, ScopeSession), http.StatusNotFound),
		func(ctx context.Context, _ *none) (*logoutOut, error) {
			v := visitOf(ctx)
			if err := a.endSession(ctx, v.User.ID, v.Session); err != nil {
				return nil, err
			}
			if err := a.store.Record(ctx, v.Actor, "logout", v.User.ID, nil); err != nil {
				return nil, err
			}
			return &logoutOut{SetCookie: []http.Cookie{v.cookieOf("", a.cfg.Now(), a.cfg.Now())}}, nil
		})
}

// enter makes a session for a user who was let in, and describes it.
func (a *Accounts) enter(ctx context.Context, accept string) func(store.User, error) (*sessionOut, error) {
	return func(u store.User, err error) (*sessionOut, error) {
		if err != nil {
			return nil, err
		}
		p, cookie, err := a.begin(ctx, u)
		if err != nil {
			return nil, err
		}
		return a.session(ctx, p, accept, cookie)
	}
}

// session describes the session of p.
func (a *Accounts) session(ctx context.Context, p Principal, accept string, cookies ...http.Cookie) (*sessionOut, error) {
	demo := a.cfg.Demo && visitOf(ctx).local
	need, err := a.needsSetup(ctx)
	if err != nil {
		return nil, err
	}
	out := &sessionOut{SetCookie: cookies, CacheControl: noStore}
	out.Body = sessionWire{Demo: demo, OIDC: a.providers(), Setup: need && !demo, Version: a.cfg.Version, Lang: langOf(p.User, accept)}
	if p.Known() {
		u, err := a.userOf(ctx, p.User.ID)
		if err != nil {
			return nil, err
		}
		out.Body.User = &selfWire{UserJSON: a.wireUser(u)}
	}
	if p.CSRF != "" {
		out.Body.CSRF = &p.CSRF
	}
	return out, nil
}
