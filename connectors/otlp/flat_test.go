package otlp_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"testing"
	"time"

	"google.golang.org/grpc/credentials/insecure"

	"triagent/connectors/otlp"
	"triagent/connectors/sourcetest"
)

var plainText = insecure.NewCredentials()

// light keeps nothing.

type light struct{ sourcetest.Recorder }

var sender = &http.Client{}

// send posts one batch over a connection that is kept.
func send(t testing.TB, r *otlp.Receiver, body []byte) {
	resp, err := sender.Post("http://"+r.HTTPAddr().String()+"/v1/traces", typeProto, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
}

// variedSpans is a batch of spans whose IDs and statements are all different.
func variedSpans(t testing.TB, n int) []byte {
	t.Helper()
	req := someSpans("dn-1", n, time.Now())
	for _, s := range req.Traces().ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		var id [16]byte
		binary.LittleEndian.PutUint64(id[:], rand.Uint64())
		s.SetTraceID(id)
		binary.LittleEndian.PutUint64(id[:], rand.Uint64())
		s.SetSpanID([8]byte(id[:8]))
		s.Attributes().PutStr("db.statement", fmt.Sprintf("select s%d from root.sg1.d%d where time > %d", rand.IntN(1000), rand.IntN(1000), rand.Int64()))
	}
	b, err := req.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFlat sends a million spans: neither memory nor disk grows with them.
func TestFlat(t *testing.T) {
	defer sender.CloseIdleConnections()
	r, c := receive(t, func(c *otlp.Config) { c.Total = 16 << 20 })
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	const batch, total = 512, 1_000_000
	var first int64
	begun := time.Now()
	bodies := make([][]byte, 32)
	for i := range bodies {
		bodies[i] = variedSpans(t, batch)
	}
	for n := 0; n < total; n += batch {
		send(t, r, bodies[n/batch%len(bodies)])
		if n/batch == 100 {
			first = heap()
		}
	}
	last := heap()
	s, err := r.Stats()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d spans in %v; heap %d KB after 100 batches, %d KB at the end; %d KB on disk, %d spans dropped", s.Ring.Added[0], time.Since(begun).Round(time.Millisecond), first>>10, last>>10, s.Ring.Bytes>>10, s.Ring.Dropped[0])
	if last-first > 8<<20 {
		t.Errorf("the heap grew from %d to %d KB", first>>10, last>>10)
	}
	if s.Ring.Bytes > 16<<20 || s.Ring.Added[0] < total || s.Ring.Dropped[0] < total/2 {
		t.Errorf("%+v of a ring of %d bytes", s.Ring, c.Total)
	}
}
