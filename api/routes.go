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
	add(s, a, write(post, "create-incident", "/incidents", "Open an incident in words or from a bundle").takes(http.StatusAccepted).stream().wants(openings), s.createIncident)
	add(s, a, read("get-incident", "/incidents/{id}", "Get an incident").keepEach(), s.getIncident)
	add(s, a, write(patch, "update-incident", "/incidents/{id}", "Change an incident"), s.updateIncident)
	add(s, a, write(post, "diagnose-incident", "/incidents/{id}/diagnose", "Diagnose again").takes(http.StatusAccepted), s.diagnoseIncident)
	add(s, a, read("get-diagnosis", "/incidents/{id}/diagnosis", "Get the diagnosis as a file or a report").keepEach().answers(reports), s.getDiagnosis)
	add(s, a, read("list-attempts", "/incidents/{id}/attempts", "List the diagnoses of an incident").keep(), s.listAttempts)
	add(s, a, read("follow-incident", "/incidents/{id}/events", "Follow the diagnosis and the changes of an incident").stream().answers(events), s.followIncident)
	add(s, a, read("get-timeline", "/incidents/{id}/timeline", "Get what happened when, by node").keepEach(), s.getTimeline)
	add(s, a, read("list-incident-alerts", "/incidents/{id}/alerts", "List the alerts of an incident").keepEach(), s.alertsOf)

	add(s, a, read("get-bundle", "/incidents/{id}/bundle", "Download the recorded data as they are stored").stream().answers(bundles).inParts(), s.getBundle)
	add(s, a, read("list-metrics", "/incidents/{id}/metrics", "List what was measured").keepEach(), s.listMetrics)
	add(s, a, read("get-series", "/incidents/{id}/series", "Get metrics, thinned for drawing").keepEach(), s.getSeries)
	add(s, a, read("list-logs", "/incidents/{id}/logs", "Search log records"), s.listLogs)
	add(s, a, read("get-lines", "/incidents/{id}/lines", "Get a line of a file with those around it"), s.getLines)
	add(s, a, read("list-traces", "/incidents/{id}/traces", "List recorded requests").keepEach(), s.listTraces)
	add(s, a, read("get-trace", "/incidents/{id}/traces/{trace}", "Get the spans of a request"), s.getTrace)

	add(s, a, read("list-feedback", "/incidents/{id}/feedback", "List what people said of the diagnosis").keepEach(), s.listFeedback)
	add(s, a, write(post, "add-feedback", "/incidents/{id}/feedback", "Say whether the diagnosis is right").takes(http.StatusCreated), s.addFeedback)
	add(s, a, write(post, "make-case", "/incidents/{id}/case", "Keep the incident to evaluate on"), s.makeCase)
	add(s, a, write(del, "drop-case", "/incidents/{id}/case", "Do not keep it any more"), s.dropCase)

	add(s, a, route{
		method: get, path: "/lessons", id: "get-lessons", summary: "Download what was learned of a system, for triagent diagnose --memory",
		role: store.Operator, scope: scopeRead,
	}.answers(lessonLines), s.getLessons)

	add(s, a, write(post, "create-upload", "/uploads", "Begin to upload a bundle in pieces").takes(http.StatusCreated), s.createUpload)
	add(s, a, write(get, "get-upload", "/uploads/{id}", "Get how far an upload is"), s.getUpload)
	add(s, a, write(patch, "append-upload", "/uploads/{id}", "Send a piece").takes(http.StatusNoContent).stream().wants(pieces), s.appendUpload)
	add(s, a, write(post, "finish-upload", "/uploads/{id}/finish", "Open an incident from an upload").takes(http.StatusAccepted).stream(), s.finishUpload)
	add(s, a, write(del, "delete-upload", "/uploads/{id}", "Give an upload up").takes(http.StatusNoContent), s.deleteUpload)

	add(s, a, read("follow-all", "/events", "Follow what changes anywhere").stream().answers(events), s.followAll)
	add(s, a, read("list-alerts", "/alerts", "List alerts").keep(), s.listAlerts)
	add(s, a, read("get-topology", "/topology", "Get the nodes that diagnoses saw and how they talk").keep(), s.getTopology)
	add(s, a, read("get-queue", "/queue", "Get what waits for a diagnosis").keep(), s.getQueue)
	add(s, a, read("get-vocabulary", "/vocabulary", "Get the names of faults, roles, severities and kinds").keep(), s.getVocabulary)

	add(s, a, read("list-evaluations", "/evaluations", "List evaluations"), s.listEvaluations)
	add(s, a, write(post, "evaluate", "/evaluations", "Run an evaluation, or keep the report of one").takes(http.StatusAccepted).stream().wants(evaluation), s.evaluate)
	add(s, a, read("get-evaluation", "/evaluations/{id}", "Get an evaluation with its cases"), s.getEvaluation)
	add(s, a, read("compare-evaluations", "/evaluations/{a}/compare/{b}", "Compare two evaluations"), s.compareEvaluations)
	add(s, a, write(del, "delete-evaluation", "/evaluations/{id}", "Delete an evaluation").takes(http.StatusNoContent), s.deleteEvaluation)

	add(s, a, read("get-service-settings", "/settings/service", "Get the settings of the service"), s.getService)
	add(s, a, admin(put, "put-service-settings", "/settings/service", "Set the settings of the service"), s.putService)
	add(s, a, admin(get, "list-audit", "/audit", "List who did what"), s.listAudit)
	add(s, a, admin(get, "verify-audit", "/audit/verify", "Check that the audit is whole"), s.verifyAudit)
	add(s, a, read("list-checks", "/checks", "Get the self-diagnosis of the service"), s.listChecks)
	add(s, a, read("get-openapi", "/openapi.json", "Get this document").answers(content{"application/openapi+json": {Type: huma.TypeObject}}), s.getOpenAPI)
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
	events      = content{"text/event-stream": {Type: huma.TypeString}}
	lessonLines = content{"application/x-ndjson": {Type: huma.TypeString}}
	plainText   = content{"text/plain": {Type: huma.TypeString}}
	reports     = content{
		"application/json": {Type: huma.TypeObject, AdditionalProperties: true},
		"text/markdown":    {Type: huma.TypeString}, "text/html": {Type: huma.TypeString}, "text/plain": {Type: huma.TypeString},
	}
	bundles = content{"application/octet-stream": nil, "application/gzip": nil, "application/zstd": nil, "application/zip": nil, "application/x-tar": nil}

	openings = content{
		"application/json": {
			Type: huma.TypeObject, Required: []string{"title"}, AdditionalProperties: false,
			Properties: map[string]*huma.Schema{
				"title": text(300, ""), "system": text(100, ""), "severity": {Type: huma.TypeString, Enum: []any{"info", "warning", "major", "critical"}},
				"nodes": {Type: huma.TypeArray, Items: text(300, "")}, "labels": {Type: huma.TypeObject, AdditionalProperties: text(maxLabel, "")},
				"from": {Type: huma.TypeString, Format: "date-time"}, "to": {Type: huma.TypeString, Format: "date-time"},
			},
		},
		"multipart/form-data": {
			Type: huma.TypeObject, Required: []string{"bundle"},
			Properties: map[string]*huma.Schema{
				"bundle": {Type: huma.TypeString, Format: "binary"}, "title": text(300, ""), "severity": text(20, ""),
			},
		},
		"application/gzip": nil, "application/zstd": nil, "application/zip": nil, "application/x-tar": nil, "application/octet-stream": nil,
	}
	pieces     = content{"application/offset+octet-stream": nil}
	evaluation = content{"application/json": {
		Type: huma.TypeObject, AdditionalProperties: true, Description: "The report of an evaluation, or {set, name?} to run one",
		Properties: map[string]*huma.Schema{"set": text(20, "cases or demo"), "name": text(200, "")},
	}}
)

func text(most int, doc string) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, MaxLength: &most, Description: doc}
}

func (r route) wants(c content) route   { r.reads = c; return r }
func (r route) keep() route             { r.cached = true; return r }
func (r route) keepEach() route         { r.cachedEach = true; return r }
func (r route) stream() route           { r.slow = true; return r }
func (r route) inParts() route          { r.partly = true; return r }
func (r route) takes(status int) route  { r.status = status; return r }
func (r route) answers(c content) route { r.gives = c; return r }

// isStream reports whether a path may answer with a stream, or with a part of a
// file: what must reach the caller as it is.
func isStream(path string) bool {
	return strings.HasSuffix(path, "/events") || strings.HasSuffix(path, "/bundle")
}
