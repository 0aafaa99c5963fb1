package slack_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"triagent/connectors"
	"triagent/connectors/outgoing"
	"triagent/connectors/sendertest"
	"triagent/connectors/slack"
	"triagent/internal/errs"
)

// workspace answers as Slack does to chat.postMessage and chat.update.
type workspace struct {
	*httptest.Server
	mu       sync.Mutex
	messages map[string]string   // timestamp to blocks
	threads  map[string][]string // timestamp of the first to blocks of the answers
	calls    []string
	fail     map[string]string // method to error
	limit    int               // calls that are answered with 429
	n        int
}

func newWorkspace(t *testing.T) *workspace {
	t.Helper()
	w := &workspace{messages: map[string]string{}, threads: map[string][]string{}, fail: map[string]string{}}
	w.Server = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.Close)
	return w
}

func (w *workspace) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	w.calls = append(w.calls, method)
	say := func(v map[string]any) {
		rw.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(rw).Encode(v) // a client that got no answer says so
	}
	if w.limit > 0 {
		w.limit--
		rw.Header().Set("Retry-After", "30")
		rw.WriteHeader(http.StatusTooManyRequests)
		return
	}
	if err := r.ParseForm(); err != nil {
		say(map[string]any{"ok": false, "error": "invalid_form_data"})
		return
	}
	channel, stamp := r.Form.Get("channel"), r.Form.Get("ts")
	switch bad := check(r); {
	case r.Header.Get("Authorization") != "Bearer xoxb-GEHEIM" && r.Form.Get("token") != "xoxb-GEHEIM":
		say(map[string]any{"ok": false, "error": "invalid_auth"})
	case w.fail[method] != "":
		say(map[string]any{"ok": false, "error": w.fail[method]})
	case bad != "":
		say(map[string]any{"ok": false, "error": bad})
	case method == "chat.postMessage":
		if channel == "#alerts" {
			channel = "C042"
		}
		w.n++
		stamp = fmt.Sprintf("1763632800.%06d", w.n)
		if parent := r.Form.Get("thread_ts"); parent != "" {
			w.threads[parent] = append(w.threads[parent], r.Form.Get("blocks"))
		} else {
			w.messages[stamp] = r.Form.Get("blocks")
		}
		say(map[string]any{"ok": true, "channel": channel, "ts": stamp})
	case method == "chat.update":
		if _, ok := w.messages[stamp]; !ok || channel != "C042" { // an update wants the ID, not the name
			say(map[string]any{"ok": false, "error": "message_not_found"})
			return
		}
		w.messages[stamp] = r.Form.Get("blocks")
		say(map[string]any{"ok": true, "channel": channel, "ts": stamp})
	default:
		say(map[string]any{"ok": false, "error": "unknown_method"})
	}
}

type element struct {
	Type     string
	Text     json.RawMessage
	Emoji    *bool
	Fields   []text
	Elements []struct {
		Type, URL string
		Text      text
	}
}

type text struct {
	Type, Text string
	Emoji      *bool
}

// check refuses what Slack refuses.
func check(r *http.Request) string {
	var blocks []element
	if err := json.Unmarshal([]byte(r.Form.Get("blocks")), &blocks); err != nil {
		return "invalid_blocks_format"
	}
	if len(blocks) > 50 {
		return "invalid_blocks"
	}
	if utf8.RuneCountInString(r.Form.Get("blocks")) > 13_000 {
		return "msg_blocks_too_long"
	}
	for _, b := range blocks {
		var t text
		if len(b.Text) > 0 && json.Unmarshal(b.Text, &t) != nil {
			return "invalid_blocks"
		}
		limit := map[string]int{"header": 150, "section": 3000}[b.Type]
		if limit > 0 && utf8.RuneCountInString(t.Text) > limit || len(b.Fields) > 10 {
			return "invalid_blocks"
		}
		for _, f := range b.Fields {
			if utf8.RuneCountInString(f.Text) > 2000 {
				return "invalid_blocks"
			}
		}
	}
	return ""
}

func (w *workspace) sender(t *testing.T, token string) connectors.Sender {
	t.Helper()
	s, err := slack.NewSender(slack.SendConfig{Token: connectors.Secret(token), Channel: "#alerts", APIURL: w.URL + "/api/", Client: outgoing.Guard{}.Client(5 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestBot: one message, updated in place, with its story in the thread.
func TestBot(t *testing.T) {
	w := newWorkspace(t)
	s := w.sender(t, "xoxb-GEHEIM")
	m := sendertest.Message("disk is full")
	first, err := s.Send(t.Context(), m, "")
	if err != nil || first != "C042|1763632800.000001" {
		t.Fatalf("%q, %v", first, err)
	}
	m.Kind, m.Title, m.Status = "resolved", "Resolved inc-42", "resolved"
	if again, err := s.Send(t.Context(), m, first); err != nil || again != first {
		t.Fatalf("%q, %v", again, err)
	}
	stamp := "1763632800.000001"
	if len(w.messages) != 1 || !strings.Contains(w.messages[stamp], "Resolved inc-42") || len(w.threads[stamp]) != 1 || !strings.Contains(w.threads[stamp][0], "Resolved inc-42") {
		t.Errorf("messages %v, threads %v", w.messages, w.threads)
	}
	if want := []string{"chat.postMessage", "chat.update", "chat.postMessage"}; !slices.Equal(w.calls, want) {
		t.Errorf("calls %v", w.calls)
	}
	// A message that was deleted is posted anew.
	delete(w.messages, stamp)
	if again, err := s.Send(t.Context(), m, first); err != nil || again == first || again == "" || len(w.messages) != 1 {
		t.Errorf("%q, %v", again, err)
	}
}

// TestBotRetry: a retry after the thread failed repeats nothing that is seen.
func TestBotRetry(t *testing.T) {
	w := newWorkspace(t)
	s := w.sender(t, "xoxb-GEHEIM")
	first, err := s.Send(t.Context(), sendertest.Message("x"), "")
	if err != nil {
		t.Fatal(err)
	}
	w.fail["chat.postMessage"] = "internal_error"
	if _, err := s.Send(t.Context(), sendertest.Message("y"), first); errs.KindOf(err) != errs.Unavailable {
		t.Fatalf("%v", err)
	}
	delete(w.fail, "chat.postMessage")
	if _, err := s.Send(t.Context(), sendertest.Message("y"), first); err != nil {
		t.Fatal(err)
	}
	if len(w.messages) != 1 || len(w.threads["1763632800.000001"]) != 1 {
		t.Errorf("%d messages, %v", len(w.messages), w.threads)
	}
}

func TestBotErrors(t *testing.T) {
	w := newWorkspace(t)
	if _, err := w.sender(t, "xoxb-WRONG").Send(t.Context(), sendertest.Message("x"), ""); errs.KindOf(err) != errs.Denied || strings.Contains(err.Error(), "WRONG") {
		t.Errorf("a wrong token gives %v", err)
	}
	for code, kind := range map[string]errs.Kind{
		"not_in_channel": errs.Denied, "invalid_blocks": errs.Invalid, "internal_error": errs.Unavailable, "something_new": errs.Unavailable,
	} {
		w.fail["chat.postMessage"] = code
		if _, err := w.sender(t, "xoxb-GEHEIM").Send(t.Context(), sendertest.Message("x"), ""); errs.KindOf(err) != kind || !strings.Contains(err.Error(), code) {
			t.Errorf("%s gives %v, want kind %s", code, err, kind)
		}
	}
	w.limit = 1
	_, err := w.sender(t, "xoxb-GEHEIM").Send(t.Context(), sendertest.Message("x"), "")
	if d, ok := err.(connectors.Delay); !ok || d.RetryAfter() != 30*time.Second || errs.KindOf(err) != errs.Unavailable { //nolint:errorlint // it is the outermost
		t.Errorf("429 gives %#v", err)
	}
	w.Close()
	if _, err := w.sender(t, "xoxb-GEHEIM").Send(t.Context(), sendertest.Message("x"), ""); errs.KindOf(err) != errs.Unavailable || strings.Contains(err.Error(), "http") {
		t.Errorf("no Slack gives %v", err)
	}
}

// TestBotLong: whatever is sent, Slack takes it.
func TestBotLong(t *testing.T) {
	w := newWorkspace(t)
	s := w.sender(t, "xoxb-GEHEIM")
	for _, unit := range []string{"abc def ", "磁盘已满，", "<&>\"\n", "@all https://x.example/ "} {
		m := sendertest.Message(strings.Repeat(unit, 20_000))
		for range 30 {
			m.Fields, m.Steps = append(m.Fields, m.Fields[0]), append(m.Steps, m.Steps[0])
		}
		first, err := s.Send(t.Context(), m, "")
		if err != nil {
			t.Fatalf("%q: %v", unit, err)
		}
		if _, err := s.Send(t.Context(), m, first); err != nil {
			t.Errorf("%q: %v", unit, err)
		}
	}
}

// TestForeignText: what is not ours stands in plain_text elements without emoji.
func TestForeignText(t *testing.T) {
	var form map[string]any
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&form); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, "ok")
	}))
	defer srv.Close()
	s, err := slack.NewSender(slack.SendConfig{WebhookURL: connectors.Secret(srv.URL)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), sendertest.Message(sendertest.Hostile), ""); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(form["blocks"])
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), "mrkdwn") || strings.Contains(string(raw), `"emoji":true`) {
		t.Errorf("blocks %s", raw)
	}
	fallback, ok := form["text"].(string)
	if bad := sendertest.Links(string(raw) + fallback); bad != nil || !ok || strings.ContainsAny(fallback, "<>") {
		t.Errorf("%v stand in %s or %s", bad, raw, fallback)
	}
}

func TestHook(t *testing.T) {
	sendertest.Run(t, sendertest.Suite{
		New: func(url string, c *http.Client) (connectors.Sender, error) {
			return slack.NewSender(slack.SendConfig{WebhookURL: connectors.Secret(url), Client: c})
		},
		OK: "ok", MaxBody: 60_000,
	})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "invalid_blocks") }))
	defer srv.Close()
	s, err := slack.NewSender(slack.SendConfig{WebhookURL: connectors.Secret(srv.URL)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), sendertest.Message("x"), ""); errs.KindOf(err) != errs.Invalid {
		t.Errorf("an error in 200 gives %v", err)
	}
}
