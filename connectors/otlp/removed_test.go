package otlp_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/otlp"
	"triagent/internal/errs"
)

// said is a log.
type said struct {
	sync.Mutex
	bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.Lock()
	defer s.Unlock()
	return s.Buffer.Write(p)
}

// TestRemoved removes the folder while data comes: it is told once, counted, and
// what is accepted after it is there.
func TestRemoved(t *testing.T) {
	c := otlp.Config{Dir: t.TempDir(), GRPC: "none", HTTP: "127.0.0.1:0"}
	var log said
	r, err := otlp.NewReceiver(c, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	serve(t, r)
	url := "http://" + r.HTTPAddr().String() + "/v1/traces"
	send := func(node string) int {
		body, err := someSpans(node, 1, time.Now()).MarshalProto()
		if err != nil {
			t.Fatal(err)
		}
		return post(t, url, typeProto, "", body, "").status
	}
	send("before")
	if err := os.RemoveAll(c.Dir); err != nil {
		t.Fatal(err)
	}
	if a, b := send("after-1"), send("after-2"); a != http.StatusOK || b != http.StatusOK {
		t.Errorf("status %d, %d", a, b)
	}
	got := collect(t, c, connectors.Ask{}).Got()
	if len(got.Spans) != 2 || got.Spans[0].Node != "after-1" {
		t.Errorf("what is there: %+v", got.Spans)
	}
	log.Lock()
	defer log.Unlock()
	if n := strings.Count(log.String(), "removed by somebody else"); n != 1 {
		t.Errorf("told %d times: %s", n, log.String())
	}
	if s, err := r.Stats(); err != nil || s.Ring.Removed != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestTwoReceivers has a second receiver on one folder: it is refused, with what
// to do.
func TestTwoReceivers(t *testing.T) {
	_, c := receive(t, nil)
	_, err := otlp.NewReceiver(c, slog.New(slog.DiscardHandler))
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "another receiver") || !strings.Contains(err.Error(), "own dir") {
		t.Errorf("the second: %v", err)
	}
}
