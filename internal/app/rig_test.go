package app

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"
)

// rig is a service under test, on a port of its own, with an admin logged in.
type rig struct {
	t     *testing.T
	svc   *Service
	http  *http.Client
	csrf  string
	token string // sent instead of the session, if set
}

const adminPassword = "correct horse battery staple"

// newRig starts a service with fresh state, and stops it when the test ends.
func newRig(t *testing.T, set Settings) *rig {
	t.Helper()
	if set.Data == "" {
		set.Data = t.TempDir()
	}
	set.Listen = "127.0.0.1:0"
	svc, err := OpenService(t.Context(), set, Parts{Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- svc.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if err := svc.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{t: t, svc: svc, http: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
}

// admin makes the first account by the link and is logged in with it.
func (r *rig) admin() *rig {
	r.t.Helper()
	_, token, ok := strings.Cut(r.svc.SetupLink(), "token=")
	if !ok {
		r.t.Fatalf("no set-up link: %q", r.svc.SetupLink())
	}
	var s struct {
		CSRF string `json:"csrf"`
	}
	r.want(http.StatusOK, "POST", "/session/setup", map[string]string{"token": token, "name": "admin", "password": adminPassword, "email": "admin@example.org"}, &s)
	r.csrf = s.CSRF
	return r
}

// newToken makes an API token.
func (r *rig) newToken(scopes ...string) string {
	r.t.Helper()
	var made struct {
		Token string `json:"token"`
	}
	r.want(http.StatusCreated, "POST", "/me/tokens", map[string]any{"name": strings.Join(scopes, " "), "scopes": scopes}, &made)
	return made.Token
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call sends body as JSON, unless it is bytes or nil.
func (r *rig) call(method, path string, body any, header http.Header) answer {
	r.t.Helper()
	var b []byte
	kind := "application/json"
	switch v := body.(type) {
	case nil:
	case []byte:
		b, kind = v, "application/gzip"
	default:
		var err error
		if b, err = json.Marshal(v); err != nil {
			r.t.Fatal(err)
		}
	}
	url := r.svc.URL() + path
	if !strings.HasPrefix(path, "/healthz") && !strings.HasPrefix(path, "/readyz") && !strings.HasPrefix(path, "/metrics") {
		url = r.svc.URL() + "/api/v1" + path
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, url, bytes.NewReader(b))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	} else if r.csrf != "" {
		req.Header.Set("X-CSRF-Token", r.csrf)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, out}
}

// want calls and expects a status; the answer goes to out where that is not nil.
func (r *rig) want(status int, method, path string, body, out any) http.Header {
	r.t.Helper()
	a := r.call(method, path, body, nil)
	if a.status != status {
		r.t.Fatalf("%s %s: %d, want %d: %s", method, path, a.status, status, a.body)
	}
	if out != nil {
		if err := json.Unmarshal(a.body, out); err != nil {
			r.t.Fatalf("%s %s: %v: %s", method, path, err, a.body)
		}
	}
	return a.header
}

// until asks again and again until ok, for half a minute at most.
func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	end := time.Now().Add(30 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(end) {
			r.t.Fatalf("in half a minute it did not come about that %s", what)
		}
		<-tick.C
	}
}

// wireIncident is what tests look at of an incident.
type wireIncident struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Status   string   `json:"status"`
	Progress string   `json:"progress"`
	Alerts   int      `json:"alerts"`
	Nodes    []string `json:"nodes"`
	Headline *struct {
		Verdict string `json:"verdict"`
		Node    string `json:"node"`
		Fault   string `json:"fault"`
	} `json:"headline"`
}

func (r *rig) incidents() []wireIncident {
	r.t.Helper()
	var list struct {
		Items []wireIncident `json:"items"`
	}
	r.want(http.StatusOK, "GET", "/incidents", nil, &list)
	return list.Items
}
