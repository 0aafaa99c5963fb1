package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"triagent/internal/app"
	"triagent/store"
)

// The files that the seed writes beside the state.
const (
	sessionsFile = "sessions.txt"
	tokenFile    = "token.txt"
)

// login is what the first log-in gave.
type login struct{ cookie, csrf string }

// firstAdmin makes the first account with the service's one-time link, logs in
// and makes a token with all scopes.
func firstAdmin(ctx context.Context, o options) (login, error) {
	var set app.Settings
	set.Listen, set.Data, set.Database = "127.0.0.1:0", o.data, o.database
	svc, err := app.OpenService(ctx, set, app.Parts{})
	if err != nil {
		return login{}, err
	}
	l, err := setUp(svc, o)
	return l, errors.Join(err, svc.Close())
}

func setUp(svc *app.Service, o options) (login, error) {
	_, token, ok := strings.Cut(svc.SetupLink(), "token=")
	if !ok {
		return login{}, errors.New("the state has accounts already: seed an empty one")
	}
	var l login
	answer := post(svc.Handler(), "/session/setup", l, map[string]any{"token": token, "name": "admin", "password": "a bench for everybody"})
	var session struct {
		CSRF string `json:"csrf"`
	}
	if err := read(answer, http.StatusOK, &session); err != nil {
		return l, err
	}
	l.csrf = session.CSRF
	for _, c := range answer.Result().Cookies() { //nolint:bodyclose // a recorder's
		l.cookie = c.Value
	}
	var made struct {
		Token string `json:"token"`
	}
	answer = post(svc.Handler(), "/me/tokens", l, map[string]any{"name": "bench", "scopes": []string{"read", "write", "hooks", "metrics", "admin"}})
	if err := read(answer, http.StatusCreated, &made); err != nil {
		return l, err
	}
	return l, os.WriteFile(filepath.Join(o.data, tokenFile), []byte(made.Token+"\n"), 0o600)
}

func post(h http.Handler, path string, l login, body any) *httptest.ResponseRecorder {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // plain values
	}
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/api/v1"+path, bytes.NewReader(b))
	r.Header.Set("Content-Type", "application/json")
	if l.cookie != "" {
		r.AddCookie(&http.Cookie{Name: "triagent_session", Value: l.cookie})
		r.Header.Set("X-CSRF-Token", l.csrf)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func read(w *httptest.ResponseRecorder, want int, out any) error {
	if w.Code != want {
		return fmt.Errorf("status %d: %s", w.Code, w.Body)
	}
	return json.Unmarshal(w.Body.Bytes(), out)
}

// people writes the sessions: each is the first log-in's under a cookie of its
// own, as if the same person had logged in on so many machines.
func people(ctx context.Context, s *store.Store, o options, first login) error {
	one, err := s.Session(ctx, hashOf(first.cookie))
	if err != nil {
		return fmt.Errorf("read the first session: %w", err)
	}
	cookies := make([]string, max(o.sessions, 1))
	cookies[0] = first.cookie
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(writers)
	for i := 1; i < len(cookies); i++ {
		g.Go(func() error {
			var b [32]byte
			_, _ = rand.Read(b[:]) // never fails
			cookies[i] = base64.RawURLEncoding.EncodeToString(b[:])
			another := one
			another.Hash = hashOf(cookies[i])
			return s.PutSession(ctx, another)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.data, sessionsFile), []byte(strings.Join(cookies, "\n")+"\n"), 0o600)
}

// hashOf is what the store keeps of a cookie.
func hashOf(cookie string) string {
	h := sha256.Sum256([]byte(cookie))
	return hex.EncodeToString(h[:])
}
