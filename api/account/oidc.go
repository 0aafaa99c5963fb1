package account

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"triagent/connectors"
	"triagent/internal/errs"
	"triagent/store"
)

// Provider is a single sign-on by OpenID Connect.
type Provider struct {
	ID           string                `yaml:"id"`     // in the address of the log-in: a-z, 0-9 and -
	Name         string                `yaml:"name"`   // on the button; empty: ID
	Issuer       string                `yaml:"issuer"` // URL; https, or http on this machine
	ClientID     string                `yaml:"client_id"`
	ClientSecret connectors.Secret     `yaml:"client_secret"` // empty: a public client (PKCE is always used)
	Scopes       []string              `yaml:"scopes"`        // beside openid; nil: profile, email
	RoleClaim    string                `yaml:"role_claim"`    // claim that holds roles or groups, with dots for claims within, as "realm_access.roles"; empty: none
	RoleMap      map[string]store.Role `yaml:"role_map"`      // what its values mean; the highest counts. At every log-in the user's role becomes it
	DefaultRole  store.Role            `yaml:"default_role"`  // of those whom RoleMap gives none; empty: they are not let in
	AllowCreate  bool                  `yaml:"allow_create"`  // who is not known yet gets an account; else an admin must have invited their e-mail address
}

var providerID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
})

// Validate says what is wrong with the provider, as kind Invalid.
func (p *Provider) Validate() error {
	u, err := url.Parse(p.Issuer)
	switch {
	case !providerID().MatchString(p.ID):
		return errs.New(errs.Invalid, "oidc: the id %q is not one; use a-z, 0-9 and -", p.ID)
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "":
		return errs.New(errs.Invalid, "oidc %s: issuer is not a URL as https://login.example.com/realms/main", p.ID)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopbackHost(u.Host)):
		return errs.New(errs.Invalid, "oidc %s: issuer must begin with https://, or be on this machine", p.ID)
	case p.ClientID == "":
		return errs.New(errs.Invalid, "oidc %s: client_id is missing", p.ID)
	case p.DefaultRole != "" && rank(p.DefaultRole) == 0:
		return errs.New(errs.Invalid, "oidc %s: default_role %q is no role; use viewer, operator, approver or admin", p.ID, p.DefaultRole)
	case p.DefaultRole == "" && (p.RoleClaim == "" || len(p.RoleMap) == 0):
		return errs.New(errs.Invalid, "oidc %s: nobody would be let in; set default_role, or role_claim and role_map", p.ID)
	}
	for value, role := range p.RoleMap {
		if rank(role) == 0 {
			return errs.New(errs.Invalid, "oidc %s: role_map gives %q the role %q, which is none; use viewer, operator, approver or admin", p.ID, value, role)
		}
	}
	return nil
}

// retryDiscovery is how long a provider that could not be reached is left alone.
const retryDiscovery = 5 * time.Second

// provider is a Provider and what its discovery said, which is asked for when
// someone first logs in by it.
type provider struct {
	Provider
	client *http.Client
	now    func() time.Time

	mu     sync.Mutex
	found  *oidc.Provider
	failed time.Time // when it could last not be reached
	why    error
}

// discover returns what the provider says of itself. While it is down that is
// of kind Unavailable and asked again after some seconds.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	if p.now().Sub(p.failed) < retryDiscovery {
		return nil, p.why
	}
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.Issuer)
	if err != nil {
		p.failed = p.now()
		p.why = &errs.Error{Op: "ask oidc provider " + p.ID, Kind: errs.Unavailable, Err: err}
		return nil, p.why
	}
	p.found = found
	return found, nil
}

// config is the OAuth side of the provider.
func (p *provider) config(found *oidc.Provider, base string) *oauth2.Config {
	scopes := []string{oidc.ScopeOpenID, "profile", "email"}
	if p.Scopes != nil {
		scopes = append([]string{oidc.ScopeOpenID}, slices.DeleteFunc(slices.Clone(p.Scopes), func(s string) bool { return s == oidc.ScopeOpenID })...)
	}
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: string(p.ClientSecret), Endpoint: found.Endpoint(), Scopes: scopes,
		RedirectURL: base + p.path("callback"),
	}
}

// path is the address of one of the provider's two operations, of apiBase.
func (p *provider) path(last string) string { return apiBase + "/session/oidc/" + p.ID + "/" + last }

// providers are those of GET /session.
func (a *Accounts) providers() []providerWire {
	out := []providerWire{}
	for _, p := range a.oidc {
		name := p.Name
		if name == "" {
			name = p.ID
		}
		out = append(out, providerWire{ID: p.ID, Name: name, URL: p.path("login")})
	}
	return out
}

// providerByID finds one of the configured providers.
func (a *Accounts) providerByID(id string) (*provider, error) {
	for _, p := range a.oidc {
		if p.ID == id {
			return p, nil
		}
	}
	return nil, errs.New(errs.NotFound, "There is no log-in of this name: go back to the page and choose another.")
}

// identity is what a provider says of who logs in.
type identity struct {
	subject  string // "issuer|sub"
	name     string
	display  string
	email    string
	verified bool // the provider knows that the address is theirs
	role     store.Role
}

// exchange turns the code of a callback into an identity. The ID token must be
// signed by the provider, for us, fresh, and carry the nonce of this log-in.
func (p *provider) exchange(ctx context.Context, base, code string, f flow) (identity, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return identity{}, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := p.config(found, base).Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return identity{}, p.failure("exchange the code", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return identity{}, errs.New(errs.Denied, "oidc %s: the answer has no id_token", p.ID)
	}
	id, err := found.Verifier(&oidc.Config{ClientID: p.ClientID, Now: p.now}).Verify(ctx, raw)
	if err != nil {
		return identity{}, p.failure("verify the ID token", err)
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return identity{}, p.failure("read the ID token", err)
	}
	if azp, ok := claims["azp"].(string); !same(id.Nonce, f.Nonce) || ok && azp != p.ClientID {
		return identity{}, errs.New(errs.Denied, "oidc %s: the ID token is not of this log-in", p.ID)
	}
	if err := p.addUserInfo(ctx, found, id.Subject, token, claims); err != nil {
		return identity{}, err
	}
	return p.identify(id.Subject, claims), nil
}

// addUserInfo asks for what the ID token leaves out. What it has already, stays.
func (p *provider) addUserInfo(ctx context.Context, found *oidc.Provider, subject string, token *oauth2.Token, claims map[string]any) error {
	_, role := claimAt(claims, p.RoleClaim)
	_, email := claims["email"]
	if found.UserInfoEndpoint() == "" || email && (role || p.RoleClaim == "") {
		return nil
	}
	info, err := found.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return p.failure("ask for the user", err)
	}
	var more map[string]any
	if err := info.Claims(&more); err != nil {
		return p.failure("read the user", err)
	}
	if info.Subject != subject {
		return errs.New(errs.Denied, "oidc %s: the user information is of someone else", p.ID)
	}
	for k, v := range more {
		if _, ok := claims[k]; !ok {
			claims[k] = v
		}
	}
	return nil
}

// failure gives an error of the library a kind: a provider that cannot be
// reached is Unavailable, one that answers otherwise refuses.
func (p *provider) failure(what string, err error) error {
	kind := errs.Denied
	var network net.Error
	if asNet(err, &network) {
		kind = errs.Unavailable
	}
	return &errs.Error{Op: fmt.Sprintf("oidc %s: %s", p.ID, what), Kind: kind, Err: redacted(err)}
}

// identify reads the claims. A role is the highest that RoleMap gives, else the
// default, which may be none.
func (p *provider) identify(subject string, claims map[string]any) identity {
	text := func(key string) string { s, _ := claims[key].(string); return strings.TrimSpace(s) }
	id := identity{subject: p.Issuer + "|" + subject, email: text("email"), role: p.DefaultRole}
	switch v := claims["email_verified"].(type) {
	case bool:
		id.verified = v
	case string:
		id.verified = v == "true"
	}
	if checkEmail(&id.email) != nil {
		id.email, id.verified = "", false
	}
	local, _, _ := strings.Cut(id.email, "@")
	id.name = nameFrom(text("preferred_username"), local, subject)
	id.display = short(plain(text("name"), 4*maxDisplay), maxDisplay)
	value, _ := claimAt(claims, p.RoleClaim)
	best := 0
	for _, v := range texts(value) {
		if r := p.RoleMap[v]; rank(r) > best {
			best, id.role = rank(r), r
		}
	}
	return id
}
