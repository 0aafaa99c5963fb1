package api

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"triagent/store"
)

// Scopes of tokens.
const (
	scopeRead    = "read"
	scopeWrite   = "write"
	scopeAdmin   = "admin"
	scopeMetrics = "metrics"
)

// Statuses that some operations answer beside those that all can.
var (
	versioned = []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired}
	conflicts = []int{http.StatusConflict, http.StatusUnprocessableEntity}
)

// routes is the list of the operations below /api/v1.
func (s *Server) routes(a huma.API) {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	read := func(id, path, summary string) route {
		return route{method: get, path: path, id: id, summary: summary, role: store.Viewer, scope: scopeRead}
	}
	write := func(method, id, path, summary string) route {
		return route{method: method, path: path, id: id, summary: summary, role: store.Operator, scope: scopeWrite}
	}
	admin := func(method, id, path, summary string) route {
		return route{method: method, path: path, id: id, summary: summary, role: store.Admin, scope: scopeAdmin}
	}

	add(s, a, read("list-incidents", "/incidents", "List incidents").keep(), s.listIncidents)
	add(s, a, read("get-incident", "/incidents/{id}", "Get an incident").keep(), s.getIncident)
	add(s, a, write(patch, "update-incident", "/incidents/{id}", "Change an incident").with(versioned...), s.updateIncident)
	add(s, a, write(post, "create-incident", "/incidents", "Open an incident from words or from a bundle").takes(http.StatusAccepted).stream(), s.createIncident)
	add(s, a, write(post, "diagnose-incident", "/incidents/{id}/diagnose", "Diagnose again").takes(http.StatusAccepted), s.diagnoseIncident)
	add(s, a, read("list-attempts", "/incidents/{id}/attempts", "List the diagnoses of an incident").keep(), s.listAttempts)
	add(s, a, read("get-diagnosis", "/incidents/{id}/diagnosis", "Get the diagnosis as a file or a report").keep().answers(reports), s.getDiagnosis)
	add(s, a, read("follow-incident", "/incidents/{id}/events", "Follow the diagnosis and the changes of an incident").stream().answers(events), s.followIncident)

	add(s, a, read("follow-all", "/events", "Follow what changes anywhere").stream().answers(events), s.followAll)
	add(s, a, read("get-openapi", "/openapi.json", "Get this document").answers(content{"application/openapi+json": {Type: huma.TypeObject}}), s.getOpenAPI)
	_, _ = put, del
	_ = admin
}

// outside is the list of the operations beside /api/v1.
func (s *Server) outside(a huma.API) {
	open := func(id, path, summary string) route {
		return route{method: http.MethodGet, path: path, id: id, summary: summary, role: RoleOpen, scope: scopeRead}
	}
	add(s, a, open("is-alive", "/healthz", "Is the process alive"), s.isAlive)
	add(s, a, open("is-ready", "/readyz", "Can the service be used"), s.isReady)
	if s.c.Metrics != nil {
		add(s, a, route{
			method: http.MethodGet, path: "/metrics", id: "get-metrics", summary: "Figures of the service itself, for Prometheus",
			role: store.Viewer, scope: scopeMetrics,
		}.stream().answers(plainText), s.getMetrics)
	}
}

// Contents that are no JSON.
var (
	events    = content{"text/event-stream": {Type: huma.TypeString}}
	plainText = content{"text/plain": {Type: huma.TypeString}}
	reports   = content{
		"application/json": {Type: huma.TypeObject, AdditionalProperties: true},
		"text/markdown":    {Type: huma.TypeString}, "text/html": {Type: huma.TypeString}, "text/plain": {Type: huma.TypeString},
	}
	bundles = content{"application/octet-stream": nil, "application/gzip": nil, "application/zstd": nil, "application/zip": nil, "application/x-tar": nil}
)

func (r route) keep() route            { r.cached = true; return r }
func (r route) stream() route          { r.slow = true; return r }
func (r route) takes(status int) route { r.status = status; return r }
func (r route) with(status ...int) route {
	r.errors = append(r.errors[:len(r.errors):len(r.errors)], status...)
	return r
}
func (r route) answers(c content) route { r.gives = c; return r }
func (r route) sized(n int64) route     { r.body = n; return r }

// isStream reports whether a path may answer with a stream, or with a part of a
// file: what must reach the caller as it is.
func isStream(path string) bool {
	return strings.HasSuffix(path, "/events") || strings.HasSuffix(path, "/bundle")
}
