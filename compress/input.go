package compress

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"triagent/internal/errs"
)

// Input is a log to read: plain, gzip or Zstandard, told apart by its first
// bytes.
type Input struct {
	Name string                        // for messages
	Open func() (io.ReadCloser, error) // called once
}

// FileInput is the log at path, or stdin if path is "-".
func FileInput(path string, stdin io.Reader) Input {
	if path == "-" {
		return Input{"standard input", func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil }}
	}
	return Input{path, func() (io.ReadCloser, error) {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return nil, &errs.Error{Kind: errs.Invalid, Err: errors.New("is a folder"), Remedy: "name the files in it, as " + filepath.Join(path, "*.log")}
		}
		return os.Open(path)
	}}
}

const (
	readBuffer = 1 << 16
	chunkBytes = 1 << 18 // read at a time; stays in the cache of one core
)

// lineReader gives the lines of one input, in chunks.
type lineReader struct {
	name  string
	r     *bufio.Reader
	close []func()
	max   int    // bytes of a line that are kept
	size  int    // bytes of a chunk, over twice as many
	lines int64  // given so far
	bytes int64  // read so far, decompressed
	rest  []byte // read and not given yet: the start of a line
	skip  bool   // the rest of a line too long is to be skipped
	end   bool
}

func openLines(in Input, maxLine int) (*lineReader, error) {
	f, err := in.Open()
	if err != nil {
		kind := errs.Unavailable
		if errors.Is(err, fs.ErrNotExist) {
			kind = errs.NotFound
		}
		var told *errs.Error
		if errors.As(err, &told) {
			return nil, &errs.Error{Op: "read log", Kind: told.Kind, File: in.Name, Err: told.Err, Remedy: told.Remedy}
		}
		return nil, &errs.Error{Op: "read log", Kind: kind, File: in.Name, Err: err}
	}
	l := &lineReader{name: in.Name, max: maxLine, size: max(chunkBytes, 2*maxLine+4), close: []func(){func() { _ = f.Close() }}}
	l.r = bufio.NewReaderSize(f, readBuffer)
	head, _ := l.r.Peek(4)
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(l.r)
		if err != nil {
			l.Close()
			return nil, l.broken(err)
		}
		l.r = bufio.NewReaderSize(z, readBuffer)
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(l.r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			l.Close()
			return nil, l.broken(err)
		}
		l.close = append(l.close, z.Close)
		l.r = bufio.NewReaderSize(z, readBuffer)
	}
	return l, nil
}

// Close gives the input back.
func (l *lineReader) Close() {
	for i := len(l.close) - 1; i >= 0; i-- {
		l.close[i]()
	}
}

func (l *lineReader) broken(err error) error {
	return &errs.Error{
		Op: "read log", Kind: errs.Invalid, File: l.name, Line: int(l.lines + 1), Err: err,
		Remedy: "the file is cut short or damaged: copy it again",
	}
}

// chunk fills c.text with whole lines, as many as fit. Of a line longer than
// that, what is kept of lines and a little more is given as a line. It reports
// false at the end.
func (l *lineReader) chunk(c *chunk) (bool, error) {
	size := l.size
	if cap(c.text) < size {
		c.text = make([]byte, 0, size)
	}
	buf := append(c.text[:0], l.rest...)
	l.rest = l.rest[:0]
	for !l.end && len(buf) < size {
		n, err := l.r.Read(buf[len(buf):size])
		l.bytes += int64(n)
		buf = l.skipped(buf[:len(buf)+n], n)
		if errors.Is(err, io.EOF) {
			l.end = true
		} else if err != nil {
			return false, l.broken(err)
		}
	}
	if whole := bytes.LastIndexByte(buf, '\n') + 1; l.end {
	} else if whole > 0 {
		l.rest = append(l.rest, buf[whole:]...)
		buf = buf[:whole]
	} else {
		buf, l.skip = buf[:l.max+2], true
	}
	c.text = buf
	l.lines += int64(bytes.Count(buf, newline))
	return len(buf) > 0, nil
}

var newline = []byte{'\n'}

// skipped drops, of the n bytes read last, those of a line too long.
func (l *lineReader) skipped(buf []byte, n int) []byte {
	if !l.skip {
		return buf
	}
	from := len(buf) - n
	k := bytes.IndexByte(buf[from:], '\n')
	if k < 0 {
		return buf[:from]
	}
	l.skip = false
	return append(buf[:from], buf[from+k+1:]...)
}
