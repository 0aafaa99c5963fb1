package telemetry

import (
	"io"
	"testing"
	"time"
)

// memberBytes reads a part of a bundle as a whole.
func memberBytes(tb testing.TB, b *Bundle, name string) []byte {
	tb.Helper()
	r, err := b.Member(tb.Context(), name)
	if err != nil {
		tb.Fatal(err)
	}
	defer shut(r)
	data, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func utc(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}
