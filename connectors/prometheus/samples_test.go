package prometheus

import (
	"bytes"
	"fmt"
	"testing"
)

// BenchmarkReadMatrix reads a million samples, in series of an hour at 15 s.
func BenchmarkReadMatrix(b *testing.B) {
	var text bytes.Buffer
	text.WriteString(`{"status":"success","data":{"resultType":"matrix","result":[`)
	const length, all = 240, 1_000_000
	for s := range all / length {
		if s > 0 {
			text.WriteByte(',')
		}
		_, _ = fmt.Fprintf(&text, `{"metric":{"__name__":"m%d","instance":"10.0.0.1:9092","job":"db"},"values":[`, s)
		for i := range length {
			if i > 0 {
				text.WriteByte(',')
			}
			_, _ = fmt.Fprintf(&text, `[%d.448,"%v"]`, 1795226917+15*i, float64(i*s)/7)
		}
		text.WriteString("]}")
	}
	text.WriteString("]}}")
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		if _, err := readMatrix(bytes.NewReader(text.Bytes()), func(w wireSeries) error {
			n += len(w.Values.times)
			return nil
		}); err != nil || n < all-length {
			b.Fatal(n, err)
		}
	}
}
