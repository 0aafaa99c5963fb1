package compress

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

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
	return Input{path, func() (io.ReadCloser, error) { return os.Open(path) }}
}

const readBuffer = 1 << 20

// lineReader gives the lines of one input, each at most max bytes long.
type lineReader struct {
	name   string
	r      *bufio.Reader
	close  []func()
	max    int
	number int64 // of the last line, 1-based
	bytes  int64 // read so far, decompressed
	cut    int64 // lines longer than max
	long   []byte
}

func openLines(in Input, maxLine int) (*lineReader, error) {
	f, err := in.Open()
	if err != nil {
		kind := errs.Unavailable
		if errors.Is(err, fs.ErrNotExist) {
			kind = errs.NotFound
		}
		return nil, &errs.Error{Op: "read log", Kind: kind, File: in.Name, Err: err}
	}
	l := &lineReader{name: in.Name, max: maxLine, close: []func(){func() { _ = f.Close() }}}
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
		Op: "read log", Kind: errs.Invalid, File: l.name, Line: int(l.number + 1), Err: err,
		Remedy: "the file is cut short or damaged: copy it again",
	}
}

// next returns the next line without its end, valid until the next call. ok is
// false at the end.
func (l *lineReader) next() (line []byte, ok bool, err error) {
	line, err = l.r.ReadSlice('\n')
	l.bytes += int64(len(line))
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.rest(line)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, l.broken(err)
	}
	if err != nil && len(line) == 0 {
		return nil, false, nil
	}
	l.number++
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if len(line) > l.max {
		line = line[:l.max]
		l.cut++
	}
	return line, true, nil
}

// rest skips to the end of a line longer than the buffer and keeps its start.
func (l *lineReader) rest(start []byte) ([]byte, error) {
	l.long = append(l.long[:0], start[:min(len(start), l.max+1)]...)
	for {
		more, err := l.r.ReadSlice('\n')
		l.bytes += int64(len(more))
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		return l.long, err
	}
}

// spool keeps one id for each line, in memory up to a bound, then in a
// temporary file.
type spool struct {
	bound int
	dir   string
	buf   []byte
	file  *os.File
}

func (s *spool) add(id int) error {
	for id >= 0x80 {
		s.buf = append(s.buf, byte(id)|0x80)
		id >>= 7
	}
	s.buf = append(s.buf, byte(id))
	if len(s.buf) < s.bound {
		return nil
	}
	return s.spill()
}

func (s *spool) spill() error {
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "triagent-templates-*")
		if err != nil {
			return &errs.Error{Op: "spool lines", Kind: errs.Unavailable, Err: err, Remedy: "give more room to the folder for temporary files"}
		}
		s.file = f
	}
	if _, err := s.file.Write(s.buf); err != nil {
		return &errs.Error{Op: "spool lines", Kind: errs.Exhausted, File: s.file.Name(), Err: err, Remedy: "give more room to the folder for temporary files"}
	}
	s.buf = s.buf[:0]
	return nil
}

// each calls fn with the ids in the order they came.
func (s *spool) each(fn func(id int) error) error {
	r := io.Reader(bytes.NewReader(s.buf))
	if s.file != nil {
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("spool lines: %w", err)
		}
		r = io.MultiReader(s.file, r)
	}
	br := bufio.NewReaderSize(r, 1<<16)
	for {
		id, shift := 0, 0
		for {
			c, err := br.ReadByte()
			if errors.Is(err, io.EOF) && shift == 0 {
				return nil
			}
			if err != nil {
				return fmt.Errorf("spool lines: %w", err)
			}
			id |= int(c&0x7f) << shift
			if shift += 7; c < 0x80 {
				break
			}
		}
		if err := fn(id); err != nil {
			return err
		}
	}
}

// Close drops the spool and its file.
func (s *spool) Close() {
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
	}
}
