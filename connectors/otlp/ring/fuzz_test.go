package ring

import (
	"bytes"
	"math"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// block is a block as a ring writes it.
func block(t testing.TB, k Kind, items int, body []byte) []byte {
	t.Helper()
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	b := enc.EncodeAll(body, make([]byte, headLen))
	head{kind: k, raw: len(body), packed: len(b) - headLen, items: items, from: 1, to: 2}.put(b)
	return b
}

// FuzzSegment reads segments that no ring wrote: what comes has the length that
// its head says, and nothing is taken for more than there is.
func FuzzSegment(f *testing.F) {
	whole := append(block(f, Traces, 1, bytes.Repeat([]byte("ab"), 50)), block(f, Logs, 2, []byte("x"))...)
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte{})
	huge := block(f, Logs, 1, nil)
	head{kind: Logs, raw: MaxBatch, packed: 2 * MaxBatch}.put(huge)
	f.Add(huge)
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxBatch+1<<20))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, heads := range []bool{false, true} {
			var seen Seen
			var n int64
			r := reader{want: Want{Kinds: []Kind{Traces, Metrics, Logs}, From: math.MinInt64, To: math.MaxInt64, Heads: heads}, seen: &seen, dec: dec}
			r.fn = func(b Batch) error {
				n++
				if b.Kind >= kinds || b.Items < 0 || len(b.Body) > MaxBatch {
					t.Errorf("a batch of kind %d, %d items, %d bytes", b.Kind, b.Items, len(b.Body))
				}
				return nil
			}
			if err := r.segment(t.Context(), "x", bytes.NewReader(data)); err != nil {
				t.Error(err)
			}
			if n*headLen > int64(len(data)) || len(seen.Damaged) > maxDamaged {
				t.Errorf("%d batches of %d bytes", n, len(data))
			}
		}
	})
}
