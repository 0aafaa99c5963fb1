package telemetry

import (
	"bytes"
	"errors"
	"io"

	"triagent/internal/errs"
)

// lines splits a stream into lines in bounded memory. It takes away line ends
// (LF or CRLF) and a leading byte order mark.
type lines struct {
	r          io.Reader
	buf        []byte
	start, end int
	max        int   // bytes of a line that are kept
	number     int   // 1-based number of the line that next returned
	cut        int   // bytes that were cut from it
	err        error // what ended the stream; nil at its regular end
	eof        bool
}

func newLines(r io.Reader, maxLine int) *lines {
	return &lines{r: r, buf: make([]byte, min(64<<10, maxLine+2)), max: maxLine}
}

// next returns the next line, which is valid until the call after. ok is false
// at the end of the stream and when it broke (see err); a last line without a
// line end counts, but not if the stream broke in it.
func (l *lines) next() (line []byte, ok bool) {
	seen := l.start
	for {
		if i := bytes.IndexByte(l.buf[seen:l.end], '\n'); i >= 0 {
			line = l.buf[l.start : seen+i]
			l.start = seen + i + 1
			return l.finish(line, 0), true
		}
		if l.eof {
			if l.err != nil || l.start == l.end {
				return nil, false
			}
			line = l.buf[l.start:l.end]
			l.start = l.end
			return l.finish(line, 0), true
		}
		if l.end-l.start > l.max+1 {
			return l.long()
		}
		seen = l.end - l.start
		l.fill()
		seen += l.start
	}
}

// fill reads more, after making room: it moves the open line to the front, and
// doubles the buffer if the line takes all of it.
func (l *lines) fill() {
	if l.start > 0 {
		copy(l.buf, l.buf[l.start:l.end])
		l.start, l.end = 0, l.end-l.start
	}
	if l.end == len(l.buf) {
		grown := make([]byte, min(2*len(l.buf), l.max+2+64<<10))
		copy(grown, l.buf[:l.end])
		l.buf = grown
	}
	for range 100 {
		n, err := l.r.Read(l.buf[l.end:])
		l.end += n
		if err != nil {
			l.eof = true
			if !errors.Is(err, io.EOF) {
				l.err = err
			}
		}
		if n > 0 || err != nil {
			return
		}
	}
	l.eof, l.err = true, io.ErrNoProgress
}

// long returns the head of a line that is longer than max and skips its rest.
func (l *lines) long() ([]byte, bool) {
	head := append([]byte(nil), l.buf[l.start:l.start+l.max]...)
	l.start += l.max
	cut := 0
	for {
		if i := bytes.IndexByte(l.buf[l.start:l.end], '\n'); i >= 0 {
			cut += i
			l.start += i + 1
			return l.finish(head, cut), true
		}
		cut += l.end - l.start
		l.start = l.end
		if l.eof {
			return l.finish(head, cut), l.err == nil
		}
		l.fill()
	}
}

func (l *lines) finish(line []byte, cut int) []byte {
	l.number++
	l.cut = cut
	if l.number == 1 {
		line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	}
	if n := len(line); cut == 0 && n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}

// broken returns what broke the stream, placed at the line where it broke, or
// nil if it ended well.
func (l *lines) broken(file string) error {
	if l.err == nil {
		return nil
	}
	return atLine(l.err, file, l.number+1)
}

// atLine adds a place to an error that has none yet.
func atLine(err error, file string, line int) error {
	var e *errs.Error
	if !errors.As(err, &e) {
		return &errs.Error{Op: "read", Kind: errs.Unavailable, File: file, Line: line, Err: err}
	}
	if e.Line != 0 {
		return err
	}
	placed := *e
	placed.Line = line
	if placed.File == "" {
		placed.File = file
	}
	return &placed
}

// wide reports, as an error at the line just read, that it was too long for a
// format whose lines cannot be cut.
func (l *lines) wide(file string) error {
	if l.cut == 0 {
		return nil
	}
	return errs.At(file, l.number, l.max, "line is longer than %d bytes", l.max)
}

// isUTF16 reports whether a stream starts with the byte order mark of UTF-16.
func isUTF16(line []byte) bool {
	return bytes.HasPrefix(line, []byte("\xff\xfe")) || bytes.HasPrefix(line, []byte("\xfe\xff"))
}
