package email_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/email"
	"triagent/connectors/outgoing"
	"triagent/connectors/sendertest"
	"triagent/internal/errs"
)

func sender(t *testing.T, s email.Server, to ...string) connectors.Sender {
	t.Helper()
	if len(to) == 0 {
		to = []string{"Ops <ops@example.org>"}
	}
	out, err := email.New(email.Config{Server: s, To: to, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// parts returns the header of a mail and its two bodies.
func parts(t *testing.T, raw []byte) (mail.Header, map[string]string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	out := map[string]string{}
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err != nil {
			break
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		var body io.Reader = p
		if strings.EqualFold(p.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
			body = quotedprintable.NewReader(p)
		}
		b, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		out[kind] = string(b)
	}
	return m.Header, out
}

func TestThread(t *testing.T) {
	srv := newServer(t, settings{})
	s := sender(t, srv.plain())
	m := sendertest.Message("磁盘已满")
	first, err := s.Send(t.Context(), m, "")
	if err != nil || first == "" {
		t.Fatalf("%q, %v", first, err)
	}
	m.ID, m.Kind = "n8-c1", "resolved"
	second, err := s.Send(t.Context(), m, first)
	if err != nil {
		t.Fatal(err)
	}
	mails := srv.mails()
	if len(mails) != 2 {
		t.Fatalf("%d mails", len(mails))
	}
	h1, body := parts(t, mails[0].data)
	h2, _ := parts(t, mails[1].data)
	if h1.Get("Message-Id") != string(first) || h2.Get("Message-Id") != string(second) || first == second {
		t.Errorf("IDs %q and %q, receipts %q and %q", h1.Get("Message-Id"), h2.Get("Message-Id"), first, second)
	}
	if h2.Get("In-Reply-To") != string(first) || !strings.Contains(h2.Get("References"), string(first)) {
		t.Errorf("the second answers %q, refers to %q", h2.Get("In-Reply-To"), h2.Get("References"))
	}
	if root := h1.Get("References"); root == "" || !strings.HasPrefix(h2.Get("References"), root) {
		t.Errorf("no common reference: %q, %q", root, h2.Get("References"))
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(h1.Get("Subject"))
	if err != nil || subject != "T 磁盘已满" {
		t.Errorf("subject %q, %v", subject, err)
	}
	for kind, text := range body {
		for _, want := range []string{"磁盘已满", "node-1", "restart node-1", "https://triagent.example/incidents/inc-42"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q: %s", kind, want, text)
			}
		}
	}
	if len(body) != 2 || mails[0].from != "triagent@example.org" || !slices.Equal(mails[0].to, []string{"ops@example.org"}) {
		t.Errorf("%d bodies, from %s to %v", len(body), mails[0].from, mails[0].to)
	}
	// A retry has the same ID.
	if again, err := s.Send(t.Context(), m, first); err != nil || again != second {
		t.Errorf("a retry has ID %q, %v", again, err)
	}
}

func TestForeignText(t *testing.T) {
	srv := newServer(t, settings{})
	m := sendertest.Message(sendertest.Hostile + "\r\nBcc: evil@example.org\r\n\r\n<script>alert(1)</script>")
	if _, err := sender(t, srv.plain()).Send(t.Context(), m, ""); err != nil {
		t.Fatal(err)
	}
	got := srv.mails()[0]
	h, body := parts(t, got.data)
	if h.Get("Bcc") != "" || len(got.to) != 1 {
		t.Errorf("a header was smuggled in: %v", h)
	}
	html := body["text/html"]
	for _, bad := range []string{"<script", "<b>html", "<font", "\x00", "\x1b", "\u202e", `href="https://evil`} {
		if strings.Contains(html, bad) {
			t.Errorf("HTML holds %q", bad)
		}
	}
	if strings.ContainsAny(body["text/plain"], "\x00\x1b\u202e") {
		t.Error("text holds control characters")
	}
}

func TestEncryption(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  settings
		use  func(*server) email.Server
		kind errs.Kind
	}{
		{"starttls", settings{tls: true, user: "u", password: "GEHEIM"}, (*server).starttls, ""},
		{"implicit", settings{implicit: true, user: "u", password: "GEHEIM"}, (*server).implicit, ""},
		{"wrong password", settings{tls: true, user: "u", password: "other"}, (*server).starttls, errs.Denied},
		{"no starttls there", settings{}, (*server).starttlsOnly, errs.Denied},
		{"no log-in there", settings{tls: true}, (*server).starttls, errs.Denied},
		{"unknown authority", settings{tls: true}, (*server).untrusted, errs.Unavailable},
	} {
		srv := newServer(t, tt.set)
		_, err := sender(t, tt.use(srv)).Send(t.Context(), sendertest.Message("x"), "")
		if errs.KindOf(err) != tt.kind {
			t.Errorf("%s: %v, want kind %q", tt.name, err, tt.kind)
		}
		if err != nil && strings.Contains(err.Error(), "GEHEIM") {
			t.Errorf("%s: the error tells the password: %v", tt.name, err)
		}
		if want := tt.kind == ""; (len(srv.mails()) == 1) != want {
			t.Errorf("%s: %d mails", tt.name, len(srv.mails()))
		}
	}
}

// TestFaults breaks the server at every step.
func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  settings
		kind errs.Kind
		n    int // mails that arrived
	}{
		{"sender refused for now", settings{from: 451}, errs.Unavailable, 0},
		{"sender refused", settings{from: 550}, errs.Invalid, 0},
		{"log-in wanted", settings{from: 530}, errs.Denied, 0},
		{"recipient refused for now", settings{to: map[string]int{"ops@example.org": 450}}, errs.Unavailable, 0},
		{"recipient refused", settings{to: map[string]int{"ops@example.org": 550}}, errs.Invalid, 0},
		{"data refused for now", settings{data: 452}, errs.Unavailable, 0},
		{"data refused", settings{data: 554}, errs.Invalid, 0},
		{"broken while data is sent", settings{breakData: true}, errs.Unavailable, 0},
		{"broken after data was taken", settings{breakAfter: true}, "", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := newServer(t, tt.set)
			_, err := sender(t, srv.plain()).Send(t.Context(), sendertest.Message(strings.Repeat("x ", 5000)), "")
			if errs.KindOf(err) != tt.kind {
				t.Errorf("%v, want kind %q", err, tt.kind)
			}
			if n := len(srv.mails()); n != tt.n {
				t.Errorf("%d mails, want %d", n, tt.n)
			}
		})
	}
}

// TestSomeRefused: one address that is wrong does not keep the others from it.
func TestSomeRefused(t *testing.T) {
	srv := newServer(t, settings{to: map[string]int{"gone@example.org": 550}})
	if _, err := sender(t, srv.plain(), "a@example.org", "Gone <gone@example.org>", "b@example.org").Send(t.Context(), sendertest.Message("x"), ""); err != nil {
		t.Fatal(err)
	}
	if m := srv.mails(); len(m) != 1 || !slices.Equal(m[0].to, []string{"a@example.org", "b@example.org"}) {
		t.Errorf("%+v", m)
	}
	// One that may be taken later holds the mail back, so that nobody gets it twice.
	srv = newServer(t, settings{to: map[string]int{"gone@example.org": 550, "later@example.org": 451}})
	if _, err := sender(t, srv.plain(), "a@example.org", "gone@example.org", "later@example.org").Send(t.Context(), sendertest.Message("x"), ""); errs.KindOf(err) != errs.Unavailable || len(srv.mails()) != 0 {
		t.Errorf("%v, %d mails", err, len(srv.mails()))
	}
}

func TestSilentServer(t *testing.T) {
	addr := silent(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := sender(t, email.Server{Host: "127.0.0.1", Port: addr, Security: email.None, From: "t@example.org"}).Send(ctx, sendertest.Message("x"), "")
	if errs.KindOf(err) != errs.Unavailable || time.Since(start) > 3*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	_, err = sender(t, email.Server{Host: "127.0.0.1", Port: 1, Security: email.None, From: "t@example.org"}).Send(t.Context(), sendertest.Message("x"), "")
	if errs.KindOf(err) != errs.Unavailable {
		t.Errorf("nobody there: %v", err)
	}
	strict := email.Server{Host: "127.0.0.1", Port: addr, Security: email.None, From: "t@example.org", Guard: outgoing.Guard{RefusePrivate: true}}
	if _, err := sender(t, strict).Send(t.Context(), sendertest.Message("x"), ""); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a refused address: %v", err)
	}
}

func TestValidate(t *testing.T) {
	good := email.Server{Host: "mail.example", From: "t@example.org"}
	for name, c := range map[string]email.Config{
		"no server":    {To: []string{"a@b.c"}},
		"clear text":   {Server: email.Server{Host: "mail.example", From: "t@example.org", Security: email.None}, To: []string{"a@b.c"}},
		"no from":      {Server: email.Server{Host: "mail.example"}, To: []string{"a@b.c"}},
		"security":     {Server: email.Server{Host: "mail.example", From: "t@example.org", Security: "ssl"}, To: []string{"a@b.c"}},
		"nobody":       {Server: good},
		"no address":   {Server: good, To: []string{"nobody"}},
		"line break":   {Server: good, To: []string{"a@b.c\r\nBcc: d@e.f"}},
		"no user":      {Server: email.Server{Host: "mail.example", From: "t@example.org", Password: "x"}, To: []string{"a@b.c"}},
		"too many":     {Server: good, To: slices.Repeat([]string{"a@b.c"}, 51)},
		"host is none": {Server: email.Server{Host: "a b", From: "t@example.org"}, To: []string{"a@b.c"}},
	} {
		if _, err := email.New(c); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}
