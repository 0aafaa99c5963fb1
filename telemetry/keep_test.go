package telemetry

import (
	"context"
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

// blocks is what a walk hands out.
func blocks(t *testing.T, walk func(context.Context, func(*Block) error) error) (out []Block) {
	t.Helper()
	if err := walk(t.Context(), func(b *Block) error { out = append(out, *b); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

// Spans that were kept are those of the file, and are handed out once: the walk
// after that reads the file, which by then is gone.
func TestKeepBlocks(t *testing.T) {
	b := spanBundle(t, 3000)
	first := blocks(t, b.KeepBlocks)
	if err := os.Remove(filepath.Join(b.Path, "traces.jsonl")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, blocks(t, b.Blocks)); diff != "" || len(first) < 2 {
		t.Errorf("%d blocks, kept ones differ:\n%.500s", len(first), diff)
	}
	if err := b.Blocks(t.Context(), func(*Block) error { return nil }); err == nil {
		t.Error("a third walk needs no file: the spans are still held")
	}
}

// A walk that was ended keeps nothing, since it has not seen all.
func TestKeepBlocksEnded(t *testing.T) {
	b := spanBundle(t, 100)
	enough := errors.New("enough")
	if err := b.KeepBlocks(t.Context(), func(*Block) error { return enough }); err != enough { //nolint:errorlint // as it is
		t.Fatal(err)
	}
	n := 0
	for _, k := range blocks(t, b.Blocks) {
		n += len(k.Marks)
	}
	if n != 100 {
		t.Errorf("%d spans, want all 100", n)
	}
}

// More spans than are kept are not kept, not even in part; attributes and long
// texts take room too.
func TestBlockListBound(t *testing.T) {
	for name, b := range map[string]*Block{
		"spans":      {Marks: make([]Mark, mostKept/8), Texts: []string{""}, Attributes: make([][]Attribute, 1)},
		"attributes": {Texts: []string{""}, Attributes: make([][]Attribute, 1+mostKept/8/attributesRoom)},
		"texts":      {Texts: []string{"", strings.Repeat("x", mostKept/8*textRoom)}, Attributes: make([][]Attribute, 1)},
	} {
		l := &blockList{texts: map[uint64]int{}}
		for i := range 9 {
			if l.full {
				t.Errorf("%s: full with %d blocks", name, i)
			}
			c := *b
			c.List = uint64(i)
			l.add(&c)
		}
		if !l.full || l.blocks != nil {
			t.Errorf("%s: full %v with %d blocks, want none kept", name, l.full, len(l.blocks))
		}
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
