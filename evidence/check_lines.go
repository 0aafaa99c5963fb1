package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"strconv"
	"strings"
	"time"

	"triagent/incident"
)

// Kinds of bundle members, by their names.
const (
	otherFile = iota
	metricFile
	logFile
	spanFile
)

func kindOf(name string) int {
	switch dir := path.Dir(name); {
	case dir == "metrics":
		return metricFile
	case dir == "logs":
		return logFile
	case strings.HasPrefix(path.Base(name), "traces."):
		return spanFile
	}
	return otherFile
}

// plainName is a member's name without the suffix of its compression.
func plainName(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
}

// longestLine is how much of a line is looked at; the rest of it is read over.
const longestLine = 1 << 20

// lineReader reads a member line by line in bounded memory, or as a stream for
// another reader, and counts the lines either way.
type lineReader struct {
	ctx  context.Context //nolint:containedctx // lives for one call of Check
	r    io.Reader
	buf  []byte
	have []byte // read, not yet handed out
	line []byte
	ends int  // line ends read
	rest bool // something was read behind the last of them
}

// Read streams the member.
func (l *lineReader) Read(p []byte) (int, error) {
	if err := context.Cause(l.ctx); err != nil {
		return 0, err
	}
	n, err := l.r.Read(p)
	l.ends += bytes.Count(p[:n], []byte{'\n'})
	if n > 0 {
		l.rest = p[n-1] != '\n'
	}
	return n, err
}

// count is how many lines were read.
func (l *lineReader) count() int {
	if l.rest {
		return l.ends + 1
	}
	return l.ends
}

// each hands out every line without its end, numbered from 1; the slice is
// valid until fn returns. What is beyond longestLine is left out.
func (l *lineReader) each(fn func(number int, line []byte) error) error {
	l.buf = make([]byte, 64<<10)
	for number := 1; ; number++ {
		line, err := l.next()
		last := errors.Is(err, io.EOF)
		if last && line == nil {
			return nil
		}
		if err != nil && !last {
			return err
		}
		line = bytes.TrimSuffix(line, []byte{'\r'})
		if fnErr := fn(number, line); fnErr != nil || last {
			return fnErr
		}
	}
}

// next returns the next line; with io.EOF the last one, nil if there is none.
func (l *lineReader) next() ([]byte, error) {
	l.line = l.line[:0]
	some := false
	for {
		if len(l.have) == 0 {
			n, err := l.Read(l.buf)
			l.have = l.buf[:n]
			if n == 0 && err != nil {
				if errors.Is(err, io.EOF) && some {
					return l.line, io.EOF
				}
				return nil, err
			}
			continue
		}
		some = true
		part := l.have
		end := bytes.IndexByte(part, '\n')
		if end >= 0 {
			part = part[:end]
		}
		if room := longestLine - len(l.line); room > 0 {
			l.line = append(l.line, part[:min(room, len(part))]...)
		}
		if end >= 0 {
			l.have = l.have[end+1:]
			return l.line, nil
		}
		l.have = nil
	}
}

// at returns the places that lead to a line, and marks them as reached. Lines
// must come in ascending order; next is the index to go on from.
func (f *file) at(line int, next *int) []*place {
	for *next < len(f.places) && f.places[*next].line < line {
		*next++
	}
	from := *next
	for *next < len(f.places) && f.places[*next].line == line {
		f.places[*next].reached = true
		*next++
	}
	return f.places[from:*next]
}

// visit is at for files in which a line may hold nothing: until the caller
// finds what stands there, that is what is wrong with the places.
func (f *file) visit(line int, next *int) []*place {
	places := f.at(line, next)
	for _, p := range places {
		p.problem = fmt.Sprintf("nothing that it could be made from stands at line %d of %s", line, f.name)
	}
	return places
}

// readInstant reads a time of a bundle: RFC 3339, or an integer whose size
// tells seconds, milliseconds, microseconds and nanoseconds apart.
func readInstant(s string) (ns int64, ok bool) {
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		for _, unit := range []struct {
			below float64
			scale int64
		}{{1e11, 1e9}, {1e14, 1e6}, {1e17, 1e3}, {math.Inf(1), 1}} {
			if math.Abs(float64(v)) < unit.below {
				return v * unit.scale, true
			}
		}
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixNano(), true
		}
	}
	return 0, false
}

// inScope reports whether a moment lies between the first and the last that
// evidence speaks of: in its window, its onset, the windows of its numbers and
// what is between them, both ends included.
func inScope(e *incident.Evidence, ns int64) bool {
	from, to := e.Window.From, e.Window.To
	widen := func(w incident.Window) {
		if w.IsZero() {
			return
		}
		if from.IsZero() || w.From.Before(from) {
			from = w.From
		}
		if w.To.After(to) {
			to = w.To
		}
	}
	widen(e.Onset)
	for i := range e.Numbers {
		switch n := &e.Numbers[i]; {
		case n.Stat == Ratio || n.Stat == Share || n.Stat == Lines:
		case len(n.Windows) == 0:
			return true // it speaks of all there is
		default:
			for _, w := range n.Windows {
				widen(w)
			}
		}
	}
	t := time.Unix(0, ns)
	return !t.Before(from) && !t.After(to)
}

// covered reports whether a moment lies in one of windows; half-open.
func covered(ns int64, windows []incident.Window) bool {
	t := time.Unix(0, ns)
	for _, w := range windows {
		if w.IsZero() || w.Contains(t) {
			return true
		}
	}
	return len(windows) == 0
}
