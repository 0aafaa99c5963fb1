package compress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
)

// TestWorkers mines a log of many chunks, in which lines without a time, later
// with one, come first, so what workers guess is wrong at times.
func TestWorkers(t *testing.T) {
	var b strings.Builder
	for i := range 20_000 {
		switch {
		case i < 5_000:
			fmt.Fprintf(&b, "starting part %d of %s\n", i, strings.Repeat("x", i%90))
		case i%10 == 3:
			fmt.Fprintf(&b, "continued in %d words\n", i)
		case i == 9_001:
			b.WriteString(strings.Repeat("long ", chunkBytes/4) + "\r\n")
		default:
			fmt.Fprintf(&b, "2026-01-02 03:04:%02d INFO a.B - request %d took %d ms\n", i%60, i, i%7)
		}
	}
	var want string
	for _, workers := range []int{1, 2, 5} {
		var out bytes.Buffer
		st, err := Templates(t.Context(), []Input{text("a", b.String()), text("b", b.String())}, &out, TemplateOptions{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		if want == "" {
			want = out.String()
		}
		if out.String() != want || st.Lines != 40_000 || st.Bytes != int64(2*b.Len()) || len(st.Reductions) == 0 || st.Reductions[0].In-st.Reductions[0].Out != 2 {
			t.Errorf("%d workers give other rows, or %+v", workers, st)
		}
	}
}

// oneByte reads a byte at a time.
type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:min(len(p), 1)]) }

// TestChunks reads lines around every bound, by whole reads and byte by byte.
func TestChunks(t *testing.T) {
	const most = 10
	for n := range 40 {
		for _, end := range []string{"", "\n", "\r\n", "\nx\n"} {
			lines := "a\n" + strings.Repeat("b", n) + end
			for _, slow := range []bool{false, true} {
				l, err := openLines(Input{"x", func() (io.ReadCloser, error) {
					if slow {
						return io.NopCloser(oneByte{strings.NewReader(lines)}), nil
					}
					return io.NopCloser(strings.NewReader(lines)), nil
				}}, most)
				if err != nil {
					t.Fatal(err)
				}
				l.size = 24
				var got []string
				c := &chunk{}
				for {
					ok, err := l.chunk(c)
					if err != nil {
						t.Fatal(err)
					}
					if !ok {
						break
					}
					for line := range strings.Lines(string(c.text)) {
						line = strings.TrimRight(line, "\r\n")
						got = append(got, line[:min(len(line), most)])
					}
				}
				var want []string
				for line := range strings.Lines(lines) {
					line = strings.TrimRight(line, "\r\n")
					want = append(want, line[:min(len(line), most)])
				}
				if fmt.Sprint(got) != fmt.Sprint(want) || l.bytes != int64(len(lines)) {
					t.Errorf("%q gives %q in %d bytes", lines, got, l.bytes)
				}
			}
		}
	}
}

func TestOrdered(t *testing.T) {
	broken := errors.New("broken")
	for _, workers := range []int{1, 2, 7} {
		for _, fail := range []int{-1, 0, 30, 99} {
			n, taken := 0, []int{}
			var worked atomic.Int64
			err := ordered(t.Context(), workers, func() *int { return new(int) },
				func(p *int) (bool, error) { n++; *p = n - 1; return n <= 100, nil },
				func(p *int) { worked.Add(1); *p *= 2 },
				func(p *int) error {
					if *p/2 == fail {
						return broken
					}
					taken = append(taken, *p)
					return nil
				})
			want := 100
			if fail >= 0 {
				want = fail
			}
			if len(taken) != want || (fail >= 0) != errors.Is(err, broken) || int(worked.Load()) < want {
				t.Errorf("%d workers, failing at %d: took %d, %v", workers, fail, len(taken), err)
			}
			for i, v := range taken {
				if v != 2*i {
					t.Fatalf("%d workers: item %d is %d", workers, i, v)
				}
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		err := ordered(ctx, workers, func() *int { return new(int) },
			func(*int) (bool, error) { return true, nil }, func(*int) {}, func(*int) error { cancel(); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%d workers, cancelled: %v", workers, err)
		}
	}
}
