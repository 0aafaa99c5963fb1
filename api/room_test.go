package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"triagent/internal/errs"
	"triagent/store"
)

// shut is a store whose database cannot be written.
type shut struct {
	Store

	err error
}

func (s *shut) Ping(context.Context) error     { return nil }
func (s *shut) Writable(context.Context) error { return s.err }

func TestReady(t *testing.T) {
	secret := errors.New("/srv/secret/triagent.db: disk I/O error (10)")
	for name, tt := range map[string]struct {
		err    error
		status int
		says   string
	}{
		"well":   {nil, http.StatusOK, `"ok"`},
		"full":   {&errs.Error{Kind: errs.Unavailable, Err: fmt.Errorf("%w: %w", store.ErrNoRoom, secret), Remedy: "make room"}, http.StatusServiceUnavailable, "The disk is full"},
		"broken": {&errs.Error{Kind: errs.Unavailable, Err: secret}, http.StatusServiceUnavailable, "The database cannot be written."},
	} {
		s := newServer(t, Config{Store: &shut{err: tt.err}})
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", http.NoBody))
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if tt.status != http.StatusOK && w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: it does not say when to ask again", name)
		}
	}
}

// TestFullProblems tells of a full disk and of too many uploads with what to do.
func TestFullProblems(t *testing.T) {
	for _, tt := range []struct {
		err          error
		status       int
		says, remedy string
	}{
		{store.ErrNoRoom, http.StatusInsufficientStorage, "The disk is full.", "Make room there."},
		{store.ErrManyUploads, http.StatusTooManyRequests, "Too many uploads are under way.", "Make room there."},
	} {
		err := fmt.Errorf("begin: %w", &errs.Error{Kind: errs.Unavailable, Err: fmt.Errorf("%w: a secret", tt.err), Remedy: "make room there"})
		w := httptest.NewRecorder()
		WriteProblem(w, httptest.NewRequest(http.MethodPost, "/", http.NoBody), err)
		var p Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if w.Code != tt.status || p.Detail != tt.says || p.Remedy != tt.remedy || w.Header().Get("Content-Type") != problemType {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}
