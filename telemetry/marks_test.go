package telemetry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// markOf is what the mark of a span has to say, in words.
func markOf(s *Span) string {
	return fmt.Sprint(HashID(s.TraceID), HashID(s.SpanID), HashID(s.ParentID), s.Start, s.Duration, s.Line, s.Kind, s.Failed,
		s.Node, "|", s.Service, "|", s.Name, "|", s.Attributes)
}

func (b *Block) said() (out []string) {
	for i := range b.Marks {
		m := &b.Marks[i]
		attributes := map[string]string{}
		for _, a := range b.Attributes[m.Attributes] {
			attributes[a.Key] = a.Value
		}
		out = append(out, fmt.Sprint(m.Trace, m.Span, m.Parent, m.Start, m.Duration, m.Line, m.Kind, m.Failed,
			b.Texts[m.Node], "|", b.Texts[m.Service], "|", b.Texts[m.Name], "|", maps.Clone(attributes)))
	}
	return out
}

// marked reads spans as marks, in pieces of the given size.
func marked(ctx context.Context, text string, size int, lim Limits) (out []string, err error) {
	m := marker{file: "f", member: "f", lim: lim, size: size, fn: func(b *Block) error {
		out = append(out, b.said()...)
		return nil
	}}
	err = m.jsonl(ctx, iotest.HalfReader(strings.NewReader(text)))
	return out, err
}

// spanned reads spans one after another.
func spanned(text string, lim Limits) (out []string, err error) {
	s := spanReader{file: "f", names: make(interner)}
	err = s.jsonl(strings.NewReader(text), lim, func(sp *Span) error {
		out = append(out, markOf(sp))
		return nil
	})
	return out, err
}

// spanLines are lines of all forms.
func spanLines(n int) string {
	var b strings.Builder
	for i := range n {
		switch fmt.Fprintf(&b, `{"trace_id":"t%d","span_id":"%016x","parent_id":"%x","node":"n%d","name":"get %d",`, i/10, i, i/10, i%3, i%50); i % 4 {
		case 0:
			fmt.Fprintf(&b, `"start":%d,"duration":5,"attributes":{"k":"v%d","rows":%d,"k":"again"}}`, i+1, i%7, i)
		case 1:
			fmt.Fprintf(&b, ` "kind": "SPAN_KIND_CLIENT", "status":"ERROR", "start" : %d, "name":"later", "x":[{}]}`+"\r", i+1)
		case 2:
			fmt.Fprintf(&b, `"service":null,"start":"2026-01-02T03:04:05.%09dZ","attributes":null}`+"\n", i)
		default:
			fmt.Fprintf(&b, `"service":"\u00e4\"","start":%d,"attributes":{"k":"v","n":null}}`, i+1)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Marks say what spans do, however the file is cut, and so do errors.
func TestMarks(t *testing.T) {
	long := strings.Repeat("x", 3000)
	lim := Limits{Row: 2000}.withDefaults()
	for name, text := range map[string]string{
		"empty": "", "one": spanLines(1), "many": spanLines(700), "no line end": strings.TrimSuffix(spanLines(40), "\n"),
		"byte order mark": "\xef\xbb\xbf" + spanLines(20), "mark within": spanLines(20) + "\xef\xbb\xbf" + spanLines(20),
		"broken": spanLines(300) + `{"start":1,` + "\n" + spanLines(300), "no start": spanLines(300) + "{}\n", "utf16": "\xff\xfe\n",
		"long": spanLines(300) + long + "\n" + spanLines(3), "long first": long, "long last": spanLines(3) + long,
	} {
		want, wantErr := spanned(text, lim)
		for _, size := range []int{1, 300, 1000, 5000, pieceSize} {
			got, err := marked(t.Context(), text, size, lim)
			if fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Errorf("%s by %d bytes: error %v, want %v", name, size, err, wantErr)
			}
			if err == nil {
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s by %d bytes differs:\n%.500s", name, size, diff)
				}
			}
		}
	}
}

// FuzzMarks holds marks that are read in pieces against spans read one after another.
func FuzzMarks(f *testing.F) {
	f.Add(spanLines(9), 300)
	f.Add("\xef\xbb\xbf"+spanLines(3)+"\xef\xbb\xbf\r\n\n"+spanLines(3), 64)
	f.Add(spanLines(5)+`{"start":1,"attributes":{"a":"b","a":null}}`+"\n{", 1)
	f.Fuzz(func(t *testing.T, text string, size int) {
		lim := Limits{Row: 700}.withDefaults()
		want, wantErr := spanned(text, lim)
		got, err := marked(t.Context(), text, 1+int(uint(size)%1000), lim)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Errorf("error %v, want %v", err, wantErr)
		}
		if err == nil && !slices.Equal(want, got) {
			t.Errorf("marks differ:\n%s", cmp.Diff(want, got))
		}
	})
}

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

// An error of who is told ends the walk, as it is.
func TestBlocksEnded(t *testing.T) {
	b := spanBundle(t, 3000)
	enough, told := errors.New("enough"), 0
	if err := b.Blocks(t.Context(), func(*Block) error { told++; return enough }); err != enough || told != 1 { //nolint:errorlint // as it is
		t.Errorf("told %d times, then %v", told, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Blocks(ctx, func(*Block) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want that it was cancelled", err)
	}
}

// A table of spans makes the marks of its rows.
func TestMarksOfTable(t *testing.T) {
	b := spanBundle(t, 1)
	var text strings.Builder
	text.WriteString("trace_id,span_id,node,name,start,attributes\n")
	for i := range 3000 {
		fmt.Fprintf(&text, "t%d,s%d,n%d,get,%d,\"{\"\"k\"\":%d}\"\n", i/10, i, i%3, i+1, i%7)
	}
	if err := os.Remove(filepath.Join(b.Path, "traces.jsonl")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.Path, "traces.csv"), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := Open(t.Context(), b.Path, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	if err := b.Blocks(t.Context(), func(k *Block) error { got = append(got, k.said()...); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := b.Spans(t.Context(), func(s *Span) error { want = append(want, markOf(s)); return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) != 3000 {
		t.Errorf("%d marks differ:\n%.500s", len(got), diff)
	}
}

// A list that holds much is ended, and numbers begin anew.
func TestTextList(t *testing.T) {
	l := newTextList(7)
	for i := 0; !l.full(); i++ {
		text := fmt.Sprint("name ", i)
		if n := l.number([]byte(text)); l.texts[n] != text || l.number([]byte(text)) != n {
			t.Fatalf("%q is %d, which is %q", text, n, l.texts[n])
		}
	}
	s := newMarkReader("f", 7)
	s.list = l
	if s.begin(); s.list == l || s.list.id != 8 || len(s.list.texts) != 1 {
		t.Errorf("the next block goes on with list %d of %d texts", s.list.id, len(s.list.texts))
	}
	var n Numbers
	n.Of(&Block{List: 7, Texts: l.texts[:3]})[2] = 5
	if got := n.Of(&Block{List: 7, Texts: l.texts[:4]}); got[2] != 5 || got[3] != Unnumbered || n.Of(&Block{List: 8, Texts: l.texts[:3]})[2] != Unnumbered {
		t.Errorf("numbers are %v", got)
	}
}
