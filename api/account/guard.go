package account

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"triagent/store"
)

// Guard returns huma middleware that lets in only whom an operation's metadata
// allows: {"role": store.Role, Open or Signed, "scope": one of the scopes}. It must be
// installed before operations are registered: from then on, registering one
// without good metadata panics with its name. A hidden operation without
// metadata, which registration does not show us, is refused when it is called.
// It may answer 401, 403, 429 and 503, and names the security schemes "session"
// and "token" in the OpenAPI document.
//
//	api.UseMiddleware(accounts.Guard(api))
func (a *Accounts) Guard(api huma.API) func(huma.Context, func(huma.Context)) {
	oapi := api.OpenAPI()
	for _, op := range operations(oapi) {
		mustDeclare(oapi, op)
	}
	oapi.OnAddOperation = append(oapi.OnAddOperation, mustDeclare)
	return func(ctx huma.Context, next func(huma.Context)) {
		op := ctx.Operation()
		d, err := demandOf(op)
		if err != nil {
			a.cfg.Log.ErrorContext(ctx.Context(), "an operation has no metadata and is refused", slog.Any("error", err))
			refuse(api, ctx, refusal{http.StatusForbidden, "Nobody may do this: the service does not say who may."})
			return
		}
		r := a.limited(ctx.Context(), judge(visitOf(ctx.Context()), d, op.Method, ctx.Header("X-CSRF-Token")))
		if r.status != 0 {
			refuse(api, ctx, r)
			return
		}
		next(ctx)
	}
}

func refuse(api huma.API, ctx huma.Context, r refusal) {
	for name, value := range r.headers() {
		ctx.SetHeader(name, value)
	}
	_ = huma.WriteErr(api, ctx, r.status, r.detail) // huma tells of it; nobody listens any more
}

// Need returns middleware for handlers that are not huma operations, as
// /metrics: it lets in whom Guard would. It panics when the role or the scope is
// not one.
func (a *Accounts) Need(role store.Role, scope string) func(http.Handler) http.Handler {
	d, err := newDemand(role, scope, "a handler")
	if err != nil {
		panic(err)
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			no := a.limited(r.Context(), judge(visitOf(r.Context()), d, r.Method, r.Header.Get("X-CSRF-Token")))
			if no.status != 0 {
				no.write(w)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// limited turns the refusal of a stranger into 429 when their address had too
// many.
func (a *Accounts) limited(ctx context.Context, r refusal) refusal {
	if r.status == http.StatusUnauthorized && over(ctx, a.refusals) {
		return refusal{http.StatusTooManyRequests, "Too many requests without a valid log-in or token came from this address: try again in a minute."}
	}
	return r
}

// An Operation is one that Guard protects.
type Operation struct {
	ID, Method, Path string
	Open             bool       // to everybody
	Signed           bool       // open too, but refuses by itself whom it does not know
	Role             store.Role // least role; empty: open
	Scope            string     // scope a token needs; ScopeSession: no token opens it; empty: open
}

// Allows reports whether a role, logged in, may call the operation.
func (o Operation) Allows(role store.Role) bool { return o.Open || Includes(role, o.Role) }

// AllowsToken reports whether a token with these scopes may, whose owner has a
// role.
func (o Operation) AllowsToken(role store.Role, scopes ...string) bool {
	return o.Open || Includes(role, o.Role) && covers(scopes, o.Scope)
}

// Operations returns what is registered, by path and method. It is what tests
// of routes and roles go through.
func Operations(api huma.API) []Operation {
	var out []Operation
	for _, op := range operations(api.OpenAPI()) {
		d, err := demandOf(op)
		if err != nil {
			panic(err) // Guard was not installed
		}
		out = append(out, Operation{ID: op.OperationID, Method: op.Method, Path: op.Path, Open: d.open, Signed: d.self, Role: d.role, Scope: d.scope})
	}
	slices.SortFunc(out, func(x, y Operation) int { return cmp.Or(cmp.Compare(x.Path, y.Path), cmp.Compare(x.Method, y.Method)) })
	return out
}

func operations(oapi *huma.OpenAPI) []*huma.Operation {
	var out []*huma.Operation
	for _, p := range oapi.Paths {
		for _, op := range []*huma.Operation{p.Get, p.Head, p.Post, p.Put, p.Patch, p.Delete, p.Options, p.Trace} {
			if op != nil {
				out = append(out, op)
			}
		}
	}
	return out
}

// mustDeclare refuses an operation without metadata and writes into the
// description of the others what opens them.
func mustDeclare(_ *huma.OpenAPI, op *huma.Operation) {
	d, err := demandOf(op)
	if err != nil {
		panic(err)
	}
	switch {
	case d.open:
		op.Security = []map[string][]string{}
	case d.scope == ScopeSession:
		op.Security = []map[string][]string{{"session": {}}}
	default:
		op.Security = []map[string][]string{{"session": {}}, {"token": {d.scope}}}
	}
}
