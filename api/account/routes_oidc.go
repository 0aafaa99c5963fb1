package account

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/oauth2"

	"triagent/internal/errs"
	"triagent/store"
)

// flowCookie binds a log-in by OIDC to the browser that began it.
const flowCookie = "triagent_oidc"

// flowFor is how long a log-in by OIDC may take.
const flowFor = 10 * time.Minute

// flow is one log-in by OIDC on its way, kept under the hash of its state.
type flow struct {
	Provider string `json:"provider"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // of PKCE
	Browser  string `json:"browser"`  // hash of the cookie
	Next     string `json:"next"`     // path to go to afterwards
}

// What a log-in that failed tells the page, as /login?error=CODE.
const (
	failedExpired     = "oidc_expired"     // too old, used, or begun in another browser
	failedDenied      = "oidc_denied"      // the provider or its user said no
	failedUnavailable = "oidc_unavailable" // the provider cannot be reached
	failedAccount     = "oidc_no_account"  // known to the provider, not to us
	failedRole        = "oidc_no_role"     // no role is given to them
	failedDisabled    = "oidc_disabled"
	failedLimit       = "oidc_limit" // too many attempts from one address
	failedInternal    = "oidc_failed"
)

type oidcLoginIn struct {
	ID   string `path:"id" maxLength:"32"`
	Next string `query:"next" maxLength:"2000" doc:"Path of the page to go to afterwards"`
}

type oidcCallbackIn struct {
	ID      string `path:"id" maxLength:"32"`
	State   string `query:"state"`
	Code    string `query:"code"`
	Error   string `query:"error"`
	Browser string `cookie:"triagent_oidc"`
}

type redirect struct {
	Location     string        `header:"Location"`
	SetCookie    []http.Cookie `header:"Set-Cookie"`
	CacheControl string        `header:"Cache-Control"`
}

func (a *Accounts) oidcRoutes(api huma.API) {
	handle(api, op(http.MethodGet, "/session/oidc/{id}/login", "oidc-login", "Send the browser to a provider to log in", http.StatusFound, OpenMetadata(), http.StatusNotFound), a.oidcLogin)
	back := op(http.MethodGet, "/session/oidc/{id}/callback", "oidc-callback", "Where a provider sends the browser back", http.StatusFound, OpenMetadata(), http.StatusNotFound)
	back.RejectUnknownQueryParameters = false // providers add their own
	handle(api, back, a.oidcCallback)
}

func (a *Accounts) oidcLogin(ctx context.Context, in *oidcLoginIn) (*redirect, error) {
	p, err := a.providerByID(in.ID)
	if err != nil {
		return nil, err
	}
	if over(ctx, a.logins) {
		return a.failedLogin(failedLimit), nil
	}
	found, err := p.discover(ctx)
	if err != nil {
		a.cfg.Log.WarnContext(ctx, "an oidc provider cannot be reached", slog.String("provider", p.ID), slog.Any("error", err))
		return a.failedLogin(failedUnavailable), nil
	}
	browser := newSecret()
	f := flow{Provider: p.ID, Nonce: newSecret(), Verifier: oauth2.GenerateVerifier(), Browser: hashOf(browser), Next: localPath(in.Next)}
	data, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	state, err := a.newLink(ctx, linkOIDC, "", data, flowFor)
	if err != nil {
		return nil, err
	}
	v := visitOf(ctx)
	to := p.config(found, v.base).AuthCodeURL(state, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier))
	return &redirect{Location: to, SetCookie: []http.Cookie{a.flowCookie(v, browser)}, CacheControl: noStore}, nil
}

// flowCookie is the cookie that binds a flow to the browser; "" removes it.
func (a *Accounts) flowCookie(v *visit, value string) http.Cookie {
	c := http.Cookie{
		Name: flowCookie, Value: value, Path: apiBase + "/session/oidc/", HttpOnly: true, Secure: v.secure,
		SameSite: http.SameSiteLaxMode, MaxAge: int(flowFor / time.Second),
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}

func (a *Accounts) failedLogin(code string, cookies ...http.Cookie) *redirect {
	return &redirect{Location: "/login?error=" + url.QueryEscape(code), SetCookie: cookies, CacheControl: noStore}
}

func (a *Accounts) oidcCallback(ctx context.Context, in *oidcCallbackIn) (*redirect, error) {
	p, err := a.providerByID(in.ID)
	if err != nil {
		return nil, err
	}
	v := visitOf(ctx)
	over := over(ctx, a.logins)
	gone := a.flowCookie(v, "")
	if over {
		return a.failedLogin(failedLimit, gone), nil
	}
	f, ok, err := a.takeFlow(ctx, p, in)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return a.failedLogin(failedExpired, gone), nil
	case in.Error != "" || in.Code == "":
		return a.failedLogin(failedDenied, gone), nil
	}
	id, err := p.exchange(ctx, v.base, in.Code, f)
	if err != nil {
		a.cfg.Log.WarnContext(ctx, "a log-in by oidc failed", slog.String("provider", p.ID), slog.Any("error", err))
		if errs.KindOf(err) == errs.Unavailable {
			return a.failedLogin(failedUnavailable, gone), nil
		}
		return a.failedLogin(failedDenied, gone), nil
	}
	u, code, err := a.admit(context.WithoutCancel(ctx), p, id)
	switch {
	case err != nil:
		return nil, err
	case code != "":
		return a.failedLogin(code, gone), nil
	}
	_, cookie, err := a.begin(ctx, u)
	if err != nil {
		return nil, err
	}
	return &redirect{Location: f.Next, SetCookie: []http.Cookie{cookie, gone}, CacheControl: noStore}, nil
}

// takeFlow uses the state of a callback up. It is of this provider, fresh, and
// begun by the same browser, or it is not ok.
func (a *Accounts) takeFlow(ctx context.Context, p *provider, in *oidcCallbackIn) (flow, bool, error) {
	l, err := a.takeLink(ctx, linkOIDC, in.State)
	switch {
	case statusOf(err) == http.StatusGone:
		return flow{}, false, nil
	case err != nil:
		return flow{}, false, err
	}
	var f flow
	if err := json.Unmarshal(l.Data, &f); err != nil {
		return flow{}, false, err
	}
	return f, f.Provider == p.ID && validSecret(in.Browser) && same(f.Browser, hashOf(in.Browser)), nil
}

// admit finds or makes the user of an identity and brings their role up to
// date. Code says why they are not let in.
func (a *Accounts) admit(ctx context.Context, p *provider, id identity) (u store.User, code string, err error) {
	by := store.Actor{Name: "oidc/" + p.ID, Addr: visitOf(ctx).addr}
	if id.role == "" {
		return store.User{}, failedRole, a.store.Record(ctx, by, "login.failed", "", map[string]string{"reason": failedRole})
	}
	u, err = a.store.UserBySubject(ctx, id.subject)
	if errs.KindOf(err) == errs.NotFound {
		u, err = a.adopt(ctx, by, p, id)
	}
	switch {
	case err != nil:
		return store.User{}, "", err
	case u.ID == "":
		return store.User{}, failedAccount, a.store.Record(ctx, by, "login.failed", "", map[string]string{"reason": failedAccount})
	case u.Disabled:
		return store.User{}, failedDisabled, a.store.Record(ctx, by, "login.failed", u.ID, map[string]string{"reason": failedDisabled})
	}
	if u, err = a.updateRole(ctx, by, p, u, id.role); err != nil {
		return store.User{}, "", err
	}
	by.User, by.Name = u.ID, u.Name
	u, err = a.entered(ctx, by, u.ID)
	return u, "", err
}

// adopt gives an identity an account: one that an admin made for its e-mail
// address and nobody used yet, or a new one where the provider may create them.
// The zero user is none.
func (a *Accounts) adopt(ctx context.Context, by store.Actor, p *provider, id identity) (store.User, error) {
	if id.verified && id.email != "" {
		users, err := a.store.Users(ctx)
		if err != nil {
			return store.User{}, err
		}
		for _, u := range users {
			if strings.EqualFold(u.Email, id.email) && u.Password == "" && u.Subject == "" {
				return a.store.UpdateUser(ctx, by, u.ID, u.Version, func(u *store.User) error {
					u.Subject = id.subject
					return nil
				})
			}
		}
	}
	if !p.AllowCreate {
		return store.User{}, nil
	}
	u := store.User{Name: id.name, Display: id.display, Email: id.email, Role: id.role, Subject: id.subject}
	if err := checkUser(&u); err != nil {
		return store.User{}, err
	}
	return a.createUnder(ctx, by, u)
}

// updateRole follows the provider, where it gives roles. The last admin stays.
func (a *Accounts) updateRole(ctx context.Context, by store.Actor, p *provider, u store.User, role store.Role) (store.User, error) {
	if p.RoleClaim == "" || u.Role == role || u.Disabled {
		return u, nil
	}
	a.setup.Lock()
	defer a.setup.Unlock()
	if u.Role == store.Admin {
		if err := a.keepAdmin(ctx, u.ID); statusOf(err) == http.StatusConflict {
			a.cfg.Log.WarnContext(ctx, "the last admin keeps the role against the oidc provider", slog.String("user", u.ID))
			return u, nil
		} else if err != nil {
			return u, err
		}
	}
	u, err := a.store.UpdateUser(ctx, by, u.ID, u.Version, func(u *store.User) error {
		u.Role = role
		return nil
	})
	a.seen.forgetUser(u.ID)
	a.streams.end(func(p Principal) bool { return p.User.ID == u.ID })
	return u, err
}

// localPath returns a path of this page, "/" for what leads elsewhere.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}
