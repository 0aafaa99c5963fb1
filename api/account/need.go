package account

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"triagent/internal/errs"
	"triagent/store"
)

// The keys of an operation's metadata, and the role of one that is open to all.
const (
	MetaRole  = "role"  // a store.Role, or Open
	MetaScope = "scope" // one of the scopes below
	Open      = "open"
	Signed    = "signed" // open, but the operation itself checks who sends: a signature, or what May says
)

// The scopes of API tokens, and what an operation may ask of them. Admin
// includes all others, write includes read. An operation of ScopeSession is for
// people who logged in: no token opens it.
const (
	ScopeRead    = "read"
	ScopeWrite   = "write"
	ScopeHooks   = "hooks"
	ScopeMetrics = "metrics"
	ScopeAdmin   = "admin"
	ScopeSession = "session"
)

// tokenScopes are those that a token may have.
var tokenScopes = []string{ScopeRead, ScopeWrite, ScopeHooks, ScopeMetrics, ScopeAdmin}

// demand is what an operation asks of who calls it.
type demand struct {
	open  bool // to everybody
	self  bool // open, and checks by itself who sends
	role  store.Role
	scope string
}

// Metadata returns the metadata of an operation that a role may call, or a
// token with a scope whose owner has the role.
func Metadata(role store.Role, scope string) map[string]any {
	return map[string]any{MetaRole: role, MetaScope: scope}
}

// OpenMetadata returns the metadata of an operation that everybody may call; a
// scope beside it would mean nothing.
func OpenMetadata() map[string]any { return map[string]any{MetaRole: Open} }

// demandOf reads an operation's metadata; missing or unknown values are of kind
// Internal, since only our own code writes them.
func demandOf(op *huma.Operation) (demand, error) {
	role := store.Role(fmt.Sprint(op.Metadata[MetaRole]))
	scope, _ := op.Metadata[MetaScope].(string)
	if role == Open || role == Signed {
		return demand{open: true, self: role == Signed}, nil
	}
	return newDemand(role, scope, op.Method+" "+op.Path)
}

func newDemand(role store.Role, scope, what string) (demand, error) {
	if rank(role) == 0 {
		return demand{}, errs.New(errs.Internal, "%s does not say which role it needs: %q is none", what, role)
	}
	if scope != ScopeSession && !slices.Contains(tokenScopes, scope) {
		return demand{}, errs.New(errs.Internal, "%s does not say which scope it needs: %q is none", what, scope)
	}
	return demand{role: role, scope: scope}, nil
}

// covers reports whether a token's scopes include one that an operation needs.
func covers(have []string, want string) bool {
	for _, s := range have {
		if s == want || s == ScopeAdmin || s == ScopeWrite && want == ScopeRead {
			return want != ScopeSession
		}
	}
	return false
}

// May reports whether a token of somebody with the role of an operator, or
// above, has a scope.
func (p Principal) May(scope string) bool {
	return p.Token.ID != "" && p.Is(store.Operator) && covers(p.Scopes, scope)
}

// refusal is why a request is not let in; the zero value is that it is.
type refusal struct {
	status int
	detail string
}

// judge decides about one request.
func judge(v *visit, d demand, method, csrf string) refusal {
	unsafe := method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
	token := v.Token.ID != ""
	switch {
	case errs.KindOf(v.err) == errs.Internal && !d.open:
		return refusal{http.StatusInternalServerError, "It cannot be found out who asks."}
	case unsafe && v.cross != nil && !token:
		return refusal{http.StatusForbidden, "The request comes from another site: open the page of this service and try there."}
	case d.open:
		return refusal{}
	case errs.KindOf(v.err) == errs.Denied:
		return refusal{http.StatusUnauthorized, message(v.err)}
	case v.err != nil:
		return refusal{http.StatusServiceUnavailable, "It cannot be found out who asks at this moment: try again in a few seconds."}
	case !v.Known():
		return refusal{http.StatusUnauthorized, "Log in first, or send an API token."}
	case token:
		if r := judgeToken(v.Principal, d); r.status != 0 {
			return r
		}
	}
	if !Includes(v.Role, d.role) {
		return refusal{http.StatusForbidden, fmt.Sprintf("This needs the role %s; yours is %s. An admin can change it.", d.role, v.Role)}
	}
	if unsafe && !token && (v.CSRF == "" || subtle.ConstantTimeCompare([]byte(csrf), []byte(v.CSRF)) != 1) {
		return refusal{http.StatusForbidden, "The header X-CSRF-Token is missing or not that of this session: reload the page."}
	}
	return refusal{}
}

func judgeToken(p Principal, d demand) refusal {
	switch {
	case p.basic && d.scope != ScopeHooks && d.scope != ScopeMetrics:
		return refusal{http.StatusUnauthorized, "Send the API token as \"Authorization: Bearer\"; as a password it opens hooks and metrics only."}
	case d.scope == ScopeSession:
		return refusal{http.StatusForbidden, "This needs a person who is logged in; no API token opens it."}
	case !covers(p.Scopes, d.scope):
		return refusal{http.StatusForbidden, fmt.Sprintf("This needs an API token with the scope %s; this one has %s.", d.scope, strings.Join(p.Scopes, ", "))}
	}
	return refusal{}
}

// crossSite says whether a request that changes something was made by a page of
// another site. Requests of programs tell neither and pass.
func (a *Accounts) crossSite(r *http.Request, public string) error {
	err := a.cross.Check(r)
	if err != nil && r.Header.Get("Sec-Fetch-Site") == "" && public != "" && r.Header.Get("Origin") == strings.TrimRight(public, "/") {
		return nil // a proxy changed the Host
	}
	return err
}
