package outbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/golang/snappy"
	"github.com/grafana/loki/pkg/push"

	"triagent/api/outbox"
	"triagent/connectors/email"
	"triagent/store"
	"triagent/store/storetest"
)

// mailbox is an SMTP server that takes everything.
type mailbox struct {
	port int
	mu   sync.Mutex
	got  []string
	to   []string
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	b := &mailbox{}
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return letter{b}, nil }))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.port = l.Addr().(*net.TCPAddr).Port
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(l) }) // ends when it is closed
	t.Cleanup(func() { _ = srv.Close(); wg.Wait() })
	return b
}

func (b *mailbox) server() email.Server {
	return email.Server{Host: "127.0.0.1", Port: b.port, Security: email.None, From: "triagent@example.org"}
}

func (b *mailbox) all() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

type letter struct{ b *mailbox }

func (letter) Mail(string, *smtp.MailOptions) error { return nil }
func (letter) Reset()                               {}
func (letter) Logout() error                        { return nil }

func (l letter) Rcpt(to string, _ *smtp.RcptOptions) error {
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	l.b.to = append(l.b.to, to)
	return nil
}

func (l letter) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	l.b.got = append(l.b.got, string(raw))
	return err
}

// TestAccountMail: the owner of an account that was locked is told, alone.
func TestAccountMail(t *testing.T) {
	s, box, in := storetest.SQLite(t), newMailbox(t), newSink(t, nil)
	o := newOutbox(t, outbox.Config{SMTP: box.server()}, s, sealer(t))
	channel(t, o, "webhook", in.config())
	start(t, o)
	detail := map[string]string{
		"event": "locked", "user": "u1", "name": "lin", "email": "lin@example.org", "until": "2026-11-20T10:15:00Z", "failures": "5", "addr": "192.0.2.7",
	}
	notice(t, s, store.Notice{Kind: "account", Detail: detail})
	notice(t, s, store.Notice{Kind: "account", Detail: map[string]string{"event": "locked", "name": "nomail"}})
	eventually(t, "it is sent", func() bool { return count(deliveries(t, s, store.DeliveryFilter{}), "sent") == 1 })
	mails := box.all()
	if len(mails) != 1 || !slices.Equal(box.to, []string{"lin@example.org"}) || len(in.all()) != 0 {
		t.Fatalf("%d mails to %v, %d elsewhere", len(mails), box.to, len(in.all()))
	}
	for _, want := range []string{"Subject: Your Triagent account was locked", "192.0.2.7", "2026-11-20 10:15:00 UTC", "lin"} {
		if !strings.Contains(strings.ReplaceAll(mails[0], "=\r\n", ""), want) {
			t.Errorf("the mail lacks %q: %s", want, mails[0])
		}
	}
	left, err := s.NextNotices(t.Context(), 10)
	if err != nil || len(left) != 0 {
		t.Errorf("%d notices are left, %v", len(left), err)
	}
}

// TestMailThread: mails about one incident answer the first.
func TestMailThread(t *testing.T) {
	s, box := storetest.SQLite(t), newMailbox(t)
	o := newOutbox(t, outbox.Config{SMTP: box.server()}, s, sealer(t))
	id := channel(t, o, "email", `{"to":["ops@example.org"]}`)
	start(t, o)
	inc := incidentOf(t, s, store.Incident{})
	notice(t, s, store.Notice{Incident: inc.ID, Kind: "resolved"})
	eventually(t, "both are sent", func() bool { return count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "sent") == 2 })
	mails := box.all()
	first, err := s.Receipt(t.Context(), inc.ID, id)
	if err != nil || !strings.Contains(mails[0], "Message-ID: "+first) || !strings.Contains(mails[1], "In-Reply-To: "+first) {
		t.Errorf("%q, %v: %s", first, err, mails[1])
	}
	if r := call(t, o, http.MethodPost, "/channels/"+id+"/test", "", ""); !strings.Contains(r.body, "ops@example.org") {
		t.Errorf("%+v", r)
	}
	none := newOutbox(t, outbox.Config{}, s, sealer(t))
	if r := call(t, none, http.MethodPost, "/channels", `{"name":"m","kind":"email","config":{"to":["a@b.c"]}}`, ""); r.status != 422 || !strings.Contains(r.body, "no mail server") {
		t.Errorf("without a mail server: %+v", r)
	}
}

// TestSlackStory: through the outbox Slack has one message and a thread.
func TestSlackStory(t *testing.T) {
	s := storetest.SQLite(t)
	var mu sync.Mutex
	var calls []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		calls = append(calls, strings.TrimPrefix(r.URL.Path, "/api/")+" "+r.Form.Get("ts")+r.Form.Get("thread_ts"))
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"ok":true,"channel":"C1","ts":"17.%d"}`, len(calls))
	}))
	defer srv.Close()
	o := newOutbox(t, outbox.Config{SlackAPI: srv.URL + "/api/"}, s, sealer(t))
	id := channel(t, o, "slack", `{"token":"xoxb-1","channel":"#a"}`)
	start(t, o)
	inc := incidentOf(t, s, store.Incident{})
	notice(t, s, store.Notice{Incident: inc.ID, Kind: "resolved"})
	eventually(t, "both are sent", func() bool { return count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "sent") == 2 })
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"chat.postMessage ", "chat.update 17.1", "chat.postMessage 17.1"}; !slices.Equal(calls, want) {
		t.Errorf("calls %q", calls)
	}
}

// TestLokiArchive: Loki gets every notice and the audit, whatever the rules.
func TestLokiArchive(t *testing.T) {
	s, in := storetest.SQLite(t), newSink(t, nil)
	var mu sync.Mutex
	lines := map[string][]string{} // by stream
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		raw, err := snappy.Decode(nil, b)
		var req push.PushRequest
		if err != nil || req.Unmarshal(raw) != nil {
			t.Error("not what Loki takes")
		}
		mu.Lock()
		defer mu.Unlock()
		for _, st := range req.Streams {
			for _, e := range st.Entries {
				lines[st.Labels] = append(lines[st.Labels], e.Line)
			}
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer srv.Close()
	k := sealer(t)
	o := newOutbox(t, outbox.Config{}, s, k)
	other := channel(t, o, "webhook", in.config())
	id := channel(t, o, "loki", fmt.Sprintf(`{"url":%q}`, srv.URL))
	rules(t, o, outbox.Routing{Routes: []outbox.Route{{Name: "some", Match: outbox.Match{SeverityAtLeast: "critical"}, Channels: []string{other}}}})
	incidentOf(t, s, store.Incident{Severity: store.Info})
	stop := start(t, o)
	audit := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(lines[`{service="triagent", stream="audit"}`])
	}
	eventually(t, "notice and audit arrive", func() bool {
		return count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "sent") == 1 && len(audit()) >= 4
	})
	stop()
	first := audit()
	for i, l := range first {
		var e struct {
			N      int
			Action string
		}
		if err := json.Unmarshal([]byte(l), &e); err != nil || e.N != i+1 {
			t.Errorf("line %d is %s", i, l)
		}
	}
	if len(in.all()) != 0 {
		t.Error("the rule was passed by")
	}
	// A restart goes on where it was, and its own notes are not pushed.
	start(t, newOutbox(t, outbox.Config{}, s, k))
	incidentOf(t, s, store.Incident{Severity: store.Info})
	eventually(t, "the second notice arrives", func() bool { return count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "sent") == 2 })
	if strings.Contains(strings.Join(audit(), ""), "outbox.audit") || len(audit()) > len(first)+1 {
		t.Errorf("pushed again: %v", audit()[len(first):])
	}
}

// TestStoppedMidway: a message that is under way when the service stops is
// waited for, noted, and not sent again.
func TestStoppedMidway(t *testing.T) {
	s, k := storetest.SQLite(t), sealer(t)
	reached, goOn := make(chan struct{}, 10), make(chan struct{})
	in := newSink(t, func(int, got) (int, string) {
		reached <- struct{}{}
		<-goOn
		return 200, ""
	})
	o := newOutbox(t, outbox.Config{}, s, k)
	id := channel(t, o, "webhook", in.config())
	incidentOf(t, s, store.Incident{})
	incidentOf(t, s, store.Incident{})
	stop := start(t, o)
	<-reached
	var wg sync.WaitGroup
	wg.Go(stop)
	close(goOn)
	wg.Wait()
	if n := count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "sent"); n < 1 {
		t.Errorf("%d noted as sent", n)
	}
	start(t, newOutbox(t, outbox.Config{}, s, k))
	eventually(t, "both are sent", func() bool { return count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "sent") == 2 })
	if len(in.all()) != 2 {
		t.Errorf("%d requests for 2 messages", len(in.all()))
	}
}

// TestCrash: what a process that died had taken is sent by another once the
// lease is over.
func TestCrash(t *testing.T) {
	var mu sync.Mutex
	skew := time.Duration(0)
	now := func() time.Time { mu.Lock(); defer mu.Unlock(); return time.Now().Add(skew) }
	s := storetest.With(t, store.Config{Now: now})
	k, in := sealer(t), newSink(t, nil)
	o := newOutbox(t, outbox.Config{Now: now}, s, k)
	id := channel(t, o, "webhook", in.config())
	inc := incidentOf(t, s, store.Incident{})
	left, err := s.NextNotices(t.Context(), 10)
	if err != nil || len(left) != 1 {
		t.Fatal(left, err)
	}
	if err := s.Route(t.Context(), left[0].ID, []store.Delivery{{Channel: id}}); err != nil {
		t.Fatal(err)
	}
	if ds, err := s.TakeDeliveries(t.Context(), 10, 2*time.Minute); err != nil || len(ds) != 1 { // and dies
		t.Fatal(ds, err)
	}
	start(t, o)
	second := incidentOf(t, s, store.Incident{})
	eventually(t, "the second is sent", func() bool { return len(in.all()) == 1 })
	if g := in.all()[0]; g.Incident != second.ID {
		t.Errorf("the lease was not kept: %+v", g)
	}
	mu.Lock()
	skew = 3 * time.Minute
	mu.Unlock()
	eventually(t, "the first is sent", func() bool { return len(in.all()) == 2 && in.all()[1].Incident == inc.ID })
}

// TestNothingSecretLogged: neither logs nor stored errors hold URLs or secrets.
func TestNothingSecretLogged(t *testing.T) {
	s := storetest.SQLite(t)
	var log bytes.Buffer
	var mu sync.Mutex
	o := newOutbox(t, outbox.Config{Log: logTo(&mu, &log)}, s, sealer(t))
	for _, c := range [][2]string{
		{"webhook", `{"url":"http://127.0.0.1:1/GEHEIM","secret":"GEHEIM-GEHEIM-GEHEIM"}`},
		{"teams", `{"url":"http://GEHEIM.invalid/GEHEIM"}`},
		{"dingtalk", `{"url":"http://127.0.0.1:1/?access_token=GEHEIM","secret":"SECGEHEIM"}`},
		{"feishu", `{"url":"http://169.254.169.254/GEHEIM","secret":"GEHEIM"}`},
		{"loki", `{"url":"http://u:GEHEIM@127.0.0.1:1"}`},
		{"slack", `{"webhook_url":"http://127.0.0.1:1/GEHEIM"}`},
	} {
		channel(t, o, c[0], c[1])
	}
	start(t, o)
	incidentOf(t, s, store.Incident{})
	eventually(t, "all were tried", func() bool {
		for _, d := range deliveries(t, s, store.DeliveryFilter{}) {
			if d.Error == "" {
				return false
			}
		}
		return len(deliveries(t, s, store.DeliveryFilter{})) == 6
	})
	for _, d := range deliveries(t, s, store.DeliveryFilter{}) {
		if strings.Contains(d.Error, "GEHEIM") || strings.Contains(d.Error, "http://") {
			t.Errorf("an error tells %s", d.Error)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if strings.Contains(log.String(), "GEHEIM") {
		t.Errorf("the log tells %s", log.String())
	}
}
