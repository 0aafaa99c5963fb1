package telemetry

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// spanBundle is a bundle of n spans in a folder.
func spanBundle(t *testing.T, n int) *Bundle {
	t.Helper()
	dir := t.TempDir()
	var spans strings.Builder
	for i := range n {
		fmt.Fprintf(&spans, `{"trace_id":"t%d","span_id":"s%d","parent_id":"s%d","node":"n%d","name":"get","start":%d,"duration":5,"attributes":{"k":"v%d"}}`+"\n",
			i/10, i, i/10, i%3, i+1, i%7)
	}
	for name, text := range map[string]string{"incident.json": `{"version":1,"id":"x"}`, "traces.jsonl": spans.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := Open(t.Context(), dir, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// walked is what a walk hands out.
func walked(t *testing.T, walk func(func(*Span) error) error) (out []Span) {
	t.Helper()
	if err := walk(func(s *Span) error { out = append(out, *s); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

// Spans that were kept are those of the file, and are handed out once: the walk
// after that reads the file, which by then is gone.
func TestKeepSpans(t *testing.T) {
	b := spanBundle(t, 3000)
	first := walked(t, func(fn func(*Span) error) error { return b.KeepSpans(t.Context(), fn) })
	if err := os.Remove(filepath.Join(b.Path, "traces.jsonl")); err != nil {
		t.Fatal(err)
	}
	second := walked(t, func(fn func(*Span) error) error { return b.Spans(t.Context(), fn) })
	if diff := cmp.Diff(first, second); diff != "" || len(first) != 3000 {
		t.Errorf("%d spans, kept ones differ:\n%.500s", len(first), diff)
	}
	if err := b.Spans(t.Context(), func(*Span) error { return nil }); err == nil {
		t.Error("a third walk needs no file: the spans are still held")
	}
}

// A walk that was ended keeps nothing, since it has not seen all.
func TestKeepSpansEnded(t *testing.T) {
	b := spanBundle(t, 100)
	enough := errors.New("enough")
	if err := b.KeepSpans(t.Context(), func(*Span) error { return enough }); !errors.Is(err, enough) {
		t.Fatal(err)
	}
	if n := len(walked(t, func(fn func(*Span) error) error { return b.Spans(t.Context(), fn) })); n != 100 {
		t.Errorf("%d spans, want all 100", n)
	}
}

// More spans than are kept are not kept, not even in part.
func TestSpanListBound(t *testing.T) {
	l, s := new(spanList), &Span{Attributes: map[string]string{"a": "b"}}
	for range mostKept/(1+attributesRoom) + 1 {
		l.add(s)
	}
	if !l.full || l.blocks != nil {
		t.Errorf("full %v with %d blocks, want none kept", l.full, len(l.blocks))
	}
}

func TestHashID(t *testing.T) {
	if HashID("") != 0 || HashID("\x00") == 0 || HashID("a") == HashID("a\x00") {
		t.Error("only the empty ID is 0, and lengths tell IDs apart")
	}
	seen := map[uint64]string{}
	for i := range 200_000 {
		for _, id := range []string{fmt.Sprintf("%016x", i), fmt.Sprintf("%d", i), fmt.Sprintf("span-%d-of-a-trace", i)} {
			h := HashID(id)
			if had, ok := seen[h]; ok && had != id {
				t.Fatalf("%q and %q have one hash", had, id)
			}
			seen[h] = id
		}
	}
}
