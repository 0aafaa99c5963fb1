package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"triagent/connectors/email"
	"triagent/connectors/webhook"
)

// The way of an alert, with a real Alertmanager: it fires, an incident opens and
// is diagnosed, the e-mail and the webhook tell of it; it is resolved, and the
// incident is closed and that is told too.
func TestAlertmanagerToMail(t *testing.T) {
	sink := newMailSink(t)
	hook := newHookSink(t)
	set := Settings{SMTP: SMTPSettings{Host: "127.0.0.1", Port: sink.port, Security: email.None, From: "Triagent <triagent@example.org>"}}
	set.Hooks.Settle = 200 * time.Millisecond
	r := newRig(t, set).admin()
	r.want(http.StatusCreated, "POST", "/channels", map[string]any{
		"name": "on call", "kind": "email", "enabled": true, "config": map[string]any{"to": []string{"oncall@example.org"}},
	}, nil)
	r.want(http.StatusCreated, "POST", "/channels", map[string]any{
		"name": "hook", "kind": "webhook", "enabled": true, "config": map[string]any{"url": hook.url, "secret": hook.secret},
	}, nil)
	am := startAlertmanager(t, r.svc.URL(), r.newToken("hooks"))

	am.post(t, time.Time{})
	var in wireIncident
	r.until("an incident is diagnosed", func() bool {
		list := r.incidents()
		if len(list) == 1 {
			in = list[0]
		}
		return len(list) == 1 && in.Progress == "done"
	})
	if in.Headline == nil || in.Headline.Verdict == "" || len(in.Nodes) == 0 || in.Nodes[0] != "db-1:9091" {
		t.Errorf("incident %+v, headline %+v", in, in.Headline)
	}
	r.until("the mail tells of the diagnosis", func() bool { return sink.has(in.ID) })
	r.until("the webhook tells of the diagnosis", func() bool { return hook.has("diagnosed", in.ID) })

	am.post(t, time.Now())
	r.until("the incident is resolved", func() bool {
		r.want(http.StatusOK, "GET", "/incidents/"+in.ID, nil, &in)
		return in.Status == "resolved"
	})
	r.until("the webhook tells that it is over", func() bool { return hook.has("resolved", in.ID) })
	r.until("the mail tells that it is over", func() bool { return sink.has("esolved") })
	if hook.wrong() != "" {
		t.Error(hook.wrong())
	}
}

// realAlertmanager is a real one, which sends to the service.
type realAlertmanager struct{ url string }

func startAlertmanager(t *testing.T, service, token string) realAlertmanager {
	t.Helper()
	program, err := exec.LookPath("prometheus-alertmanager")
	if err != nil {
		if program, err = exec.LookPath("alertmanager"); err != nil {
			t.Skip("no Alertmanager is installed: on Debian it is the package prometheus-alertmanager")
		}
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "am.yml")
	text := fmt.Sprintf(`route:
  receiver: triagent
  group_by: [cluster]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
- name: triagent
  webhook_configs:
  - url: %s/api/v1/hooks/alertmanager
    send_resolved: true
    http_config:
      authorization:
        credentials: %s
`, service, token)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, program, "--config.file="+config, "--storage.path="+dir, "--web.listen-address="+addr, "--cluster.listen-address=", "--log.level=error")
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	am := realAlertmanager{url: "http://" + addr}
	for end := time.Now().Add(20 * time.Second); ; {
		resp, err := http.Get(am.url + "/-/ready")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return am
			}
		}
		if time.Now().After(end) {
			t.Fatalf("alertmanager is not ready: %v", err)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// post fires the alert, or ends it.
func (a realAlertmanager) post(t *testing.T, ends time.Time) {
	t.Helper()
	alert := map[string]any{
		"labels":      map[string]string{"alertname": "WriteLatencyHigh", "instance": "db-1:9091", "cluster": "payments", "severity": "critical"},
		"annotations": map[string]string{"summary": "writes are slow"}, "startsAt": time.Now().Add(-time.Minute).Format(time.RFC3339),
	}
	if !ends.IsZero() {
		alert["endsAt"] = ends.Format(time.RFC3339)
	}
	body, err := json.Marshal([]any{alert})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(a.url+"/api/v2/alerts", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("post an alert: %s", resp.Status)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// mailSink is a real SMTP server that keeps what it gets.
type mailSink struct {
	port int
	mu   sync.Mutex
	mail []string
}

func newMailSink(t *testing.T) *mailSink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &mailSink{port: l.Addr().(*net.TCPAddr).Port}
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return mailSession{s}, nil }))
	srv.Domain = "localhost"
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	return s
}

func (s *mailSink) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.mail {
		if strings.Contains(m, text) {
			return true
		}
	}
	return false
}

type mailSession struct{ sink *mailSink }

func (mailSession) Reset()                               {}
func (mailSession) Logout() error                        { return nil }
func (mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (mailSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s mailSession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.sink.mail = append(s.sink.mail, string(b))
	return err
}

// hookSink receives signed messages and checks their signatures.
type hookSink struct {
	url, secret string
	verify      *webhook.Generic
	mu          sync.Mutex
	got         []string // "KIND BODY"
	bad         string
}

func newHookSink(t *testing.T) *hookSink {
	t.Helper()
	h := &hookSink{secret: "a secret of some length"}
	var err error
	if h.verify, err = webhook.NewGeneric("", webhook.GenericConfig{Secret: "a secret of some length"}); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	h.url = srv.URL
	return h
}

// ServeHTTP takes a message.
func (h *hookSink) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	if signed, verr := h.verify.Verify(r.Header, body, time.Now()); err != nil || verr != nil || !signed {
		h.bad = fmt.Sprintf("a message is not signed as it must be: %v %v", err, verr)
	}
	h.got = append(h.got, r.Header.Get(webhook.KindHeader)+" "+string(body))
}

func (h *hookSink) has(kind, id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.got {
		if strings.HasPrefix(m, kind+" ") && strings.Contains(m, id) {
			return true
		}
	}
	return false
}

func (h *hookSink) wrong() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bad
}
