package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// demands is who may call what: the least role of a person, and the scope of a
// token. It is written down here a second time on purpose: a route that is added
// or opened wider must be changed here too.
const demands = `
GET /healthz                          open
GET /readyz                           open
GET /metrics                          viewer   metrics
GET /session                          open
POST /session                         open
POST /session/setup                   open
POST /session/invite                  open
GET /session/oidc/{id}/login          open
GET /session/oidc/{id}/callback       open
DELETE /session                       viewer   session
GET /me/preferences                   viewer   read
PUT /me/preferences                   viewer   write
PUT /me/password                      viewer   session
GET /me/sessions                      viewer   session
DELETE /me/sessions/{hash8}           viewer   session
GET /me/tokens                        viewer   session
POST /me/tokens                       viewer   session
DELETE /me/tokens/{id}                viewer   session
GET /tokens                           admin    admin
DELETE /tokens/{id}                   admin    admin
GET /users                            viewer   read
POST /users                           admin    admin
GET /users/{id}                       admin    admin
PATCH /users/{id}                     admin    admin
DELETE /users/{id}                    admin    admin
POST /users/{id}/reset                admin    admin
POST /users/{id}/unlock               admin    admin
GET /incidents                        viewer   read
POST /incidents                       operator write
GET /incidents/{id}                   viewer   read
PATCH /incidents/{id}                 operator write
POST /incidents/{id}/diagnose         operator write
GET /incidents/{id}/diagnosis         viewer   read
GET /incidents/{id}/attempts          viewer   read
GET /incidents/{id}/events            viewer   read
GET /incidents/{id}/timeline          viewer   read
GET /incidents/{id}/alerts            viewer   read
GET /incidents/{id}/bundle            viewer   read
GET /incidents/{id}/metrics           viewer   read
GET /incidents/{id}/series            viewer   read
GET /incidents/{id}/logs              viewer   read
GET /incidents/{id}/lines             viewer   read
GET /incidents/{id}/traces            viewer   read
GET /incidents/{id}/traces/{trace}    viewer   read
GET /incidents/{id}/feedback          viewer   read
POST /incidents/{id}/feedback         operator write
POST /incidents/{id}/case             operator write
DELETE /incidents/{id}/case           operator write
GET /lessons                          operator read
POST /uploads                         operator write
GET /uploads/{id}                     operator write
HEAD /uploads/{id}                    operator write
PATCH /uploads/{id}                   operator write
POST /uploads/{id}/finish             operator write
DELETE /uploads/{id}                  operator write
GET /events                           viewer   read
GET /alerts                           viewer   read
GET /topology                         viewer   read
GET /queue                            viewer   read
GET /vocabulary                       viewer   read
GET /evaluations                      viewer   read
POST /evaluations                     operator write
GET /evaluations/{id}                 viewer   read
GET /evaluations/{a}/compare/{b}      viewer   read
DELETE /evaluations/{id}              operator write
GET /settings/service                 viewer   read
GET /settings/service/started         viewer   read
PUT /settings/service                 admin    admin
GET /settings/routing                 operator read
PUT /settings/routing                 admin    admin
GET /channels                         operator read
POST /channels                        admin    admin
GET /channels/{id}                    operator read
PUT /channels/{id}                    admin    admin
DELETE /channels/{id}                 admin    admin
POST /channels/{id}/test              operator write
GET /deliveries                       operator read
POST /deliveries/{id}/retry           operator write
GET /audit                            admin    admin
GET /audit/verify                     admin    admin
GET /checks                           viewer   read
GET /openapi.json                     viewer   read
POST /hooks/alertmanager              operator hooks
POST /hooks/generic                   signed   hooks
POST /hooks/generic/{name}            signed   hooks
POST /hooks/slack                     signed   none
`

var ascending = []string{"viewer", "operator", "approver", "admin"}

type demand struct{ method, path, role, scope string }

func demanded() []demand {
	var out []demand
	for line := range strings.Lines(demands) {
		f := strings.Fields(line)
		switch len(f) {
		case 3:
			out = append(out, demand{f[0], f[1], f[2], ""})
		case 4:
			out = append(out, demand{f[0], f[1], f[2], f[3]})
		}
	}
	return out
}

// mayPerson and mayToken say what the table says.
func (d demand) mayPerson(role string) bool {
	return slices.Index(ascending, role) >= slices.Index(ascending, d.role)
}

func (d demand) mayToken(scope string) bool {
	switch {
	case d.scope == "session":
		return false
	case scope == d.scope, scope == "admin":
		return true
	}
	return scope == "write" && d.scope == "read"
}

// Every route that there is must be in the table, and the table must hold
// nothing else.
func TestRoutesAreInTheTable(t *testing.T) {
	r := newRig(t, Settings{}).admin()
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	r.want(http.StatusOK, "GET", "/openapi.json", nil, &doc)
	have := map[string]bool{}
	for path, methods := range doc.Paths {
		for m := range methods {
			if m != "parameters" {
				have[strings.ToUpper(m)+" "+strings.TrimPrefix(path, "/api/v1")] = true
			}
		}
	}
	for _, d := range demanded() {
		key := d.method + " " + d.path
		if !have[key] && d.method != http.MethodHead {
			t.Errorf("%s is in the table and not in the service", key)
		}
		delete(have, key)
	}
	for key := range have {
		t.Errorf("%s is not in the table", key)
	}
}

// caller is somebody who tries a route.
type caller struct {
	name   string
	http   *http.Client
	header http.Header
}

// A mistake of log-in, role, scope or CSRF is refused, on every route.
func TestRoutesAndRoles(t *testing.T) {
	var set Settings
	set.Hooks.Slack.SigningSecret = "a secret that nobody knows" // else there is no such route
	r := newRig(t, set).admin()
	people, csrf := map[string]*http.Client{"admin": r.http}, map[string]string{"admin": r.csrf}
	for _, role := range []string{"viewer", "operator", "approver"} {
		people[role], csrf[role] = r.invite(role)
	}
	tokens := map[string]string{}
	for _, s := range []string{"read", "write", "hooks", "metrics", "admin"} {
		tokens[s] = r.newToken(s)
	}
	for _, d := range demanded() {
		t.Run(d.method+" "+d.path, func(t *testing.T) {
			try := func(c caller) int { return r.try(t, d, c) }
			unsafe := d.method != http.MethodGet && d.method != http.MethodHead
			if d.role == "open" {
				if s := try(caller{name: "nobody"}); s == http.StatusForbidden || s >= 500 {
					t.Errorf("nobody: %d, and the route is open", s)
				}
				return
			}
			for _, h := range []http.Header{nil, {"Authorization": {"Bearer tri_" + strings.Repeat("x", 43)}}, {"Authorization": {"Bearer nonsense"}}, {"Cookie": {"triagent_session=nonsense"}}} {
				if s := try(caller{header: h}); s != http.StatusUnauthorized {
					t.Errorf("nobody with %v: %d, want 401", h, s)
				}
			}
			if d.role == "signed" {
				return
			}
			for role, client := range people {
				if d.method+d.path == "DELETE/session" && d.mayPerson(role) {
					continue // it would log the others out
				}
				right := http.Header{"X-Csrf-Token": {csrf[role]}}
				checkStatus(t, role, try(caller{http: client, header: right}), d.mayPerson(role))
				if unsafe {
					checkStatus(t, role+" without CSRF token", try(caller{http: client}), false)
					checkStatus(t, role+" with another CSRF token", try(caller{http: client, header: http.Header{"X-Csrf-Token": {another(csrf[role])}}}), false)
					foreign := http.Header{"X-Csrf-Token": {csrf[role]}, "Origin": {"http://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}
					checkStatus(t, role+" from another site", try(caller{http: client, header: foreign}), false)
				}
			}
			for scope, token := range tokens {
				checkStatus(t, "token "+scope, try(caller{header: http.Header{"Authorization": {"Bearer " + token}}}), d.mayToken(scope))
			}
		})
	}
}

// another is a token that differs in its first character.
func another(token string) string {
	if token[0] == 'x' {
		return "y" + token[1:]
	}
	return "x" + token[1:]
}

func checkStatus(t *testing.T, who string, status int, may bool) {
	t.Helper()
	switch refused := status == http.StatusUnauthorized || status == http.StatusForbidden; {
	case may && refused:
		t.Errorf("%s: %d, and may", who, status)
	case !may && status != http.StatusForbidden:
		t.Errorf("%s: %d, want 403", who, status)
	case status >= 500:
		t.Errorf("%s: %d", who, status)
	}
}

// try calls a route with an empty body and names of things that are not there,
// and returns the status.
func (r *rig) try(t *testing.T, d demand, c caller) int {
	t.Helper()
	path := d.path
	for _, name := range []string{"{id}", "{trace}", "{hash8}", "{a}", "{b}", "{name}"} {
		path = strings.ReplaceAll(path, name, "nothing1")
	}
	base := r.svc.URL() + "/api/v1"
	if slices.Contains([]string{"/healthz", "/readyz", "/metrics"}, path) {
		base = r.svc.URL()
	}
	body := ""
	if d.method != http.MethodGet && d.method != http.MethodHead && d.method != http.MethodDelete {
		body = "{}"
	}
	req, err := http.NewRequestWithContext(t.Context(), d.method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for k, v := range c.header {
		req.Header[k] = v
	}
	client := c.http
	if client == nil {
		client = &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// invite makes a user of a role and logs them in.
func (r *rig) invite(role string) (*http.Client, string) {
	r.t.Helper()
	var made struct {
		InviteURL string `json:"invite_url"`
	}
	r.want(http.StatusCreated, "POST", "/users", map[string]string{"name": role, "display": role, "email": role + "@example.org", "role": role}, &made)
	u, err := url.Parse(made.InviteURL)
	if err != nil {
		r.t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	other := &rig{t: r.t, svc: r.svc, http: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
	var s struct {
		CSRF string `json:"csrf"`
	}
	other.want(http.StatusOK, "POST", "/session/invite", map[string]string{"token": u.Query().Get("token"), "password": fmt.Sprintf("a long word for %s", role)}, &s)
	return other.http, s.CSRF
}
