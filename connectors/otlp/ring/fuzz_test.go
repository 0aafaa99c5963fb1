package ring

import (
	"bytes"
	"math"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// blockOf is a block as a ring writes it.
func blockOf(t testing.TB, k Kind, items int, body []byte) []byte {
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
	whole := append(blockOf(f, Traces, 1, bytes.Repeat([]byte("ab"), 50)), blockOf(f, Logs, 2, []byte("x"))...)
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte{})
	huge := blockOf(f, Logs, 1, nil)
	head{kind: Logs, raw: MaxBatch, packed: 2 * MaxBatch}.put(huge)
	f.Add(huge)
	f.Add(append(append(bytes.Clone(whole), "what is this"...), whole...))
	f.Add(append(bytes.Clone(whole[:70]), whole...))
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
			if err := r.segment(t.Context(), "x", bytes.NewReader(data), int64(len(data))); err != nil {
				t.Error(err)
			}
			var lost, last int64
			for _, d := range seen.Damaged {
				if d.Bytes <= 0 || d.At < last {
					t.Errorf("damage %+v after one that ends at %d", d, last)
				}
				lost, last = lost+d.Bytes, d.At+d.Bytes
			}
			if n*headLen+lost > int64(len(data)) || len(seen.Damaged) > maxDamaged {
				t.Errorf("%d batches and %d lost of %d bytes", n, lost, len(data))
			}
			if n == 0 && lost != int64(len(data)) {
				t.Errorf("%d of %d bytes are told lost, and no batch came", lost, len(data))
			}
		}
	})
}
