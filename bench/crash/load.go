package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"triagent/demo"
)

// load is what the clients asked of the service and what it answered.
type load struct {
	s      *service
	token  string
	bundle []byte
	http   http.Client
	run    string

	mu        sync.Mutex
	incidents map[string]string // idempotency key: ID that was answered; "": not answered
	sent      map[string]int    // idempotency key: times it was sent
	alerts    map[string][2]int // alert: times answered, times sent
	titles    map[string][]string
	answered  map[string]string // incident: title that was answered last
	feedback  map[string]int    // incident: feedback that was answered
}

// setupLink finds the one-time link in what the service prints at its first
// start.
var setupLink = regexp.MustCompile(`/setup\?token=([A-Za-z0-9_\-.]+)`)

func newLoad(ctx context.Context, s *service) (*load, error) {
	l := &load{
		s: s, run: fmt.Sprintf("run-%d", time.Now().UnixNano()), http: http.Client{Timeout: 20 * time.Second},
		incidents: map[string]string{}, sent: map[string]int{}, alerts: map[string][2]int{}, titles: map[string][]string{}, answered: map[string]string{}, feedback: map[string]int{},
	}
	var b bytes.Buffer
	if err := demo.Archive(&b, demo.IDs()[0]); err != nil {
		return nil, err
	}
	l.bundle = b.Bytes()
	return l, l.logIn(ctx)
}

// logIn uses the one-time link and makes a token.
func (l *load) logIn(ctx context.Context) error {
	text, err := os.ReadFile(logFile(l.s.dir))
	if err != nil {
		return err
	}
	m := setupLink.FindSubmatch(text)
	if m == nil {
		return fmt.Errorf("no set-up link in the log:\n%s", text)
	}
	body, _ := json.Marshal(map[string]string{"token": string(m[1]), "name": "admin", "password": "correct horse battery staple"})
	req, err := l.request(ctx, http.MethodPost, "/session/setup", body)
	if err != nil {
		return err
	}
	resp, err := l.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	var session struct {
		CSRF string `json:"csrf"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&session); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("set up: %s, %w", resp.Status, err)
	}
	if req, err = l.request(ctx, http.MethodPost, "/me/tokens", []byte(`{"name":"crash","scopes":["read","write","hooks","admin"]}`)); err != nil {
		return err
	}
	for _, c := range resp.Cookies() {
		req.AddCookie(c)
	}
	req.Header.Set("X-CSRF-Token", session.CSRF)
	made, err := l.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = made.Body.Close() }()
	var token struct {
		Token string `json:"token"`
	}
	if err := json.NewDecoder(made.Body).Decode(&token); err != nil || token.Token == "" {
		return fmt.Errorf("make a token: %s, %w", made.Status, err)
	}
	l.token = token.Token
	return nil
}

func (l *load) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+l.s.addr+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if l.token != "" {
		req.Header.Set("Authorization", "Bearer "+l.token)
	}
	return req, nil
}

// call returns the status of an answer, 0 if there was none, with its body in
// out where that is not nil.
func (l *load) call(req *http.Request, out any) (status int, etag string) {
	resp, err := l.http.Do(req)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	if out != nil && resp.StatusCode/100 == 2 && json.Unmarshal(body, out) != nil {
		return 0, ""
	}
	return resp.StatusCode, resp.Header.Get("ETag")
}

// client does one thing after another until it is over.
func (l *load) client(ctx context.Context, id int, over *atomic.Bool) error {
	for n := 0; !over.Load(); n++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var ok bool
		var err error
		switch (n + id) % 4 {
		case 0:
			ok, err = l.upload(ctx, fmt.Sprintf("%s-%d-%d", l.run, id, n))
		case 1, 2:
			ok, err = l.alert(ctx, fmt.Sprintf("%d-%d", id, n/3))
		case 3:
			ok, err = l.edit(ctx, fmt.Sprintf("%d-%d", id, n))
		}
		if err != nil {
			return err
		}
		if !ok && !pause(ctx, 50*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
	return nil
}

// upload accepts a bundle; an unanswered one is sent again with the same key
// until it is answered or the run is over.
func (l *load) upload(ctx context.Context, key string) (bool, error) {
	l.mu.Lock()
	l.incidents[key] = ""
	l.mu.Unlock()
	for range 40 {
		req, err := l.request(ctx, http.MethodPost, "/incidents?title="+key, l.bundle)
		if err != nil {
			return false, err
		}
		req.Header.Set("Content-Type", "application/gzip")
		req.Header.Set("Idempotency-Key", key)
		l.mu.Lock()
		l.sent[key]++
		l.mu.Unlock()
		var in struct {
			ID string `json:"id"`
		}
		switch status, _ := l.call(req, &in); status {
		case http.StatusAccepted:
			l.mu.Lock()
			l.incidents[key] = in.ID
			l.mu.Unlock()
			return true, nil
		case http.StatusServiceUnavailable, 0:
		default:
			return false, fmt.Errorf("upload %s: status %d", key, status)
		}
		if !pause(ctx, 100*time.Millisecond) {
			return false, context.Cause(ctx)
		}
	}
	return false, nil
}
