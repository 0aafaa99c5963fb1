package api_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"triagent/api"
)

// TestMalformedBody sends bodies whose framing is wrong: the sender is told so,
// and it is no error of the service.
func TestMalformedBody(t *testing.T) {
	var log bytes.Buffer
	s := start(t, 0, func(c *api.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	for _, target := range []struct{ method, path, kind string }{
		{"POST", "/incidents", "application/json"},
		{"POST", "/incidents", "application/gzip"},
		{"POST", "/incidents", "multipart/form-data; boundary=x"},
		{"POST", "/uploads", "application/json"},
		{"PUT", "/settings/service", "application/json"},
		{"POST", "/evaluations", "application/json"},
	} {
		for name, body := range map[string]string{
			"no line end": "5\r\nabcdeXX",
			"no length":   "zz\r\n{}\r\n0\r\n\r\n",
			"extension":   "2;" + strings.Repeat("x", 5000) + "\r\n{}\r\n0\r\n\r\n",
			"overhead":    strings.Repeat("1;"+strings.Repeat("x", 1000)+"\r\n \r\n", 200),
		} {
			status, kind, said := s.raw(fmt.Sprintf("%s /api/v1%s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nIf-Match: \"0\"\r\nTransfer-Encoding: chunked\r\n\r\n%s",
				target.method, target.path, target.kind, body))
			if status != http.StatusBadRequest || !strings.HasPrefix(kind, "application/problem+json") {
				t.Errorf("%s %s with a body with %s: %d %s", target.method, target.path, name, status, said)
			}
		}
	}
	if strings.Contains(log.String(), "ERROR") {
		t.Errorf("the log has errors: %s", log.String())
	}
}

// raw sends bytes and returns status, type and body of the answer.
func (s *service) raw(request string) (status int, kind, body string) {
	s.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = c.Close() }() // all was read
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	_, _ = io.WriteString(c, request) // an early answer may end the connection before all is sent
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		s.t.Fatalf("%.60q: %v", request, err)
	}
	defer func() { _ = resp.Body.Close() }() // it was read, or the connection broke
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(b)
}

// TestRequestedWindow bounds what an incident in words asks to examine.
func TestRequestedWindow(t *testing.T) {
	s := start(t, 0, nil)
	now := time.Now().UTC()
	at := func(d time.Duration) string { return now.Add(d).Format(time.RFC3339) }
	for _, tt := range []struct{ from, to, wrong string }{
		{"0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "body.from"},
		{"1970-12-31T23:59:59Z", at(0), "body.from"},
		{at(-time.Hour), "9999-12-31T00:00:00Z", "body.to"},
		{at(-time.Hour), at(25 * time.Hour), "body.to"},
		{at(25 * time.Hour), "", "body.from"},
		{"", at(25 * time.Hour), "body.to"},
		{at(-32 * 24 * time.Hour), at(0), "body.to"},
		{at(0), at(-time.Hour), "body.to"},
		{at(-31 * 24 * time.Hour), at(0), ""},
		{at(-time.Hour), at(23 * time.Hour), ""},
		{"1971-01-01T00:00:00Z", "1971-01-02T00:00:00Z", ""},
	} {
		body := `{"title":"x"`
		if tt.from != "" {
			body += `,"from":"` + tt.from + `"`
		}
		if tt.to != "" {
			body += `,"to":"` + tt.to + `"`
		}
		resp, b := s.do(http.MethodPost, "/api/v1/incidents", strings.NewReader(body+"}"), "Content-Type", "application/json")
		want := http.StatusAccepted
		if tt.wrong != "" {
			want = http.StatusUnprocessableEntity
		}
		if resp.StatusCode != want || tt.wrong != "" && !strings.Contains(string(b), `"`+tt.wrong+`"`) {
			t.Errorf("%s to %s: %d %s, want %d at %q", tt.from, tt.to, resp.StatusCode, b, want, tt.wrong)
		}
	}
}
