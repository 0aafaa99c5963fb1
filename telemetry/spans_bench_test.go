package telemetry

import (
	"bytes"
	"syscall"
	"testing"
)

// cpu reports the processor time of a benchmark, which other work on the
// machine does not change.
func cpu(b *testing.B) func() {
	used := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	from := used()
	return func() { b.ReportMetric(float64(used()-from)/1e6/float64(b.N), "cpu-ms/op") }
}

func BenchmarkSpanLines(b *testing.B) {
	bundle, err := Open(b.Context(), labBundles(b)[0], Limits{})
	if err != nil {
		b.Fatal(err)
	}
	data := memberBytes(b, bundle, bundle.parts.spans)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		s := spanReader{file: "x", names: make(interner)}
		if err := s.jsonl(bytes.NewReader(data), Limits{}.withDefaults(), func(*Span) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkInflateSpans(b *testing.B) {
	bundle, err := Open(b.Context(), labBundles(b)[0], Limits{})
	if err != nil {
		b.Fatal(err)
	}
	defer cpu(b)()
	for b.Loop() {
		b.SetBytes(int64(len(memberBytes(b, bundle, bundle.parts.spans))))
	}
}
