package files

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/klauspost/compress/zstd"
)

// The bounds of reading.
const (
	longestLine = 1 << 20   // bytes of a line; the rest is cut
	headBytes   = 64 << 10  // by which a file is judged
	stride      = 256 << 10 // of a read
)

// open opens a file. One that was found in a folder cannot lead out of it, even
// if a link was put there since.
func (f *file) open() (*os.File, error) {
	r, err := f.openAny()
	if err != nil {
		return nil, err
	}
	info, err := r.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNoFile
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// openAny opens what is there now. A pipe in place of the file does not make it
// wait for a writer.
func (f *file) openAny() (*os.File, error) {
	const how = os.O_RDONLY | syscall.O_NONBLOCK
	if f.root == "" {
		return os.OpenFile(f.path, how, 0)
	}
	rel, err := filepath.Rel(f.root, f.path)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(f.root)
	if err != nil {
		return nil, err
	}
	r, err := root.OpenFile(rel, how, 0)
	return r, errors.Join(err, root.Close())
}

// isPacked reports whether a file is compressed, by its first bytes.
func isPacked(head []byte) bool {
	return bytes.HasPrefix(head, []byte{0x1f, 0x8b}) || bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd})
}

// unpack decompresses a stream if it is compressed. Close what it returns.
func unpack(r io.Reader) (io.ReadCloser, error) {
	b := bufio.NewReaderSize(r, stride)
	head, err := b.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case !isPacked(head):
		return io.NopCloser(b), nil
	case head[0] == 0x1f:
		return gzip.NewReader(b)
	}
	d, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20), zstd.WithDecoderMaxWindow(64<<20))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// lines reads a stream line by line and counts the bytes that it took.
type lines struct {
	r   *bufio.Reader
	ctx context.Context
	n   int64 // lines so far
	cut int64 // bytes that were cut off long lines
	buf []byte
}

func newLines(ctx context.Context, r io.Reader) *lines {
	return &lines{ctx: ctx, r: bufio.NewReaderSize(r, stride)}
}

// next returns the next line without its end, valid until the call after. The
// error is io.EOF at the end; a last line without an end is one.
func (l *lines) next() ([]byte, error) {
	if l.n++; l.n%4096 == 0 && l.ctx.Err() != nil {
		return nil, context.Cause(l.ctx)
	}
	line, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return l.long(line)
	}
	if err != nil && (len(line) == 0 || !errors.Is(err, io.EOF)) {
		return nil, err
	}
	return trim(line), nil
}

// long reads on a line that is longer than a stride.
func (l *lines) long(first []byte) ([]byte, error) {
	l.buf = append(l.buf[:0], first...)
	for {
		part, err := l.r.ReadSlice('\n')
		room := max(0, longestLine-len(l.buf))
		l.buf = append(l.buf, part[:min(room, len(part))]...)
		l.cut += int64(max(0, len(part)-room))
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil, errors.Is(err, io.EOF):
			return trim(l.buf), nil
		default:
			return nil, err
		}
		if l.ctx.Err() != nil {
			return nil, context.Cause(l.ctx)
		}
	}
}

func trim(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'})
}
