package files

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// counting counts what is read.
type counting struct {
	io.ReaderAt
	n int64
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}

// TestSeek looks for times in logs of lines of all lengths, with lines that have
// no time, are out of turn by some seconds, or begin with a time long past.
func TestSeek(t *testing.T) {
	n := &nature{format: formatRaw, front: true, zone: time.UTC, near: time.Now()}
	rapid.Check(t, func(t *rapid.T) {
		var log bytes.Buffer
		at := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
		type record struct{ time, off int64 }
		var all []record
		kind := rapid.SampledFrom([]int{0, 0, 0, 0, 1, 1, 2, 3, 4})
		sizes := rapid.SampledFrom([]int{10, 200, 3000, 90_000, 400_000})
		for range rapid.IntRange(50, 200).Draw(t, "records") {
			at = at.Add(time.Duration(rapid.IntRange(0, 60_000).Draw(t, "step")) * time.Millisecond)
			pad := strings.Repeat("x", rapid.IntRange(0, sizes.Draw(t, "size")).Draw(t, "length"))
			when := at
			switch kind.Draw(t, "kind") {
			case 1:
				fmt.Fprintf(&log, "\tat %s\n", pad)
				continue
			case 2:
				fmt.Fprintf(&log, "no time %s\n", pad)
				continue
			case 3:
				when = at.Add(-slack / 2)
			case 4:
				fmt.Fprintf(&log, "2020-01-01 00:00:00,000 long past\n")
				continue
			}
			all = append(all, record{when.UnixNano(), int64(log.Len())})
			fmt.Fprintf(&log, "%s INFO %s\n", when.Format("2006-01-02 15:04:05,000"), pad)
		}
		from := rapid.Int64Range(-3600, 3*3600).Draw(t, "from")*1e9 + time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC).UnixNano()
		off, err := seek(t.Context(), bytes.NewReader(log.Bytes()), int64(log.Len()), from, n.time)
		if err != nil {
			t.Fatal(err)
		}
		if off > 0 && log.Bytes()[off-1] != '\n' {
			t.Fatalf("offset %d is in the middle of a line", off)
		}
		for _, r := range all {
			if r.time >= from && r.off < off {
				t.Fatalf("a record of %d at %d is before offset %d", r.time, r.off, off)
			}
		}
	})
}

// TestSeekCost looks for a time in 1 GB of lines, of which little is read.
func TestSeekCost(t *testing.T) {
	n := &nature{format: formatRaw, front: true, zone: time.UTC, near: time.Now()}
	const line = 100
	r := &counting{ReaderAt: made(func(i int64) string {
		return time.Unix(1_795_000_000+i/100, 0).UTC().Format("2006-01-02 15:04:05,000") + strings.Repeat(".", line-24) + "\n"
	})}
	size, from := int64(1<<30), int64(1_795_000_000+60_000)*1e9
	off, err := seek(t.Context(), r, size, from, n.time)
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(60_000 * 100 * line); off > want || want-off > 1<<20+1000*line*10 {
		t.Errorf("offset %d, want a little before %d", off, want)
	}
	if r.n > 8<<20 {
		t.Errorf("%d bytes are read", r.n)
	}
	t.Logf("%d bytes read of %d", r.n, size)
}

// made is a file whose line i is made when it is read.
type made func(i int64) string

func (m made) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		i := (off + int64(n)) / 100
		n += copy(p[n:], m(i)[(off+int64(n))%100:])
	}
	return n, nil
}
