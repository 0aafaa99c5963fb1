package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"triagent/internal/errs"
)

// zstdSlack is how much more than gzip Zstandard may shrink honest input.
const zstdSlack = 32

// pass is one walk over a bundle: it ends when its context does and when it
// has given more bytes than the limits allow. It is not safe for concurrent use.
type pass struct {
	stop func() error // what ended the context, nil while it lasts
	lim  Limits
	out  int64 // decompressed bytes so far
}

func newPass(ctx context.Context, lim Limits) *pass {
	return &pass{stop: func() error { return context.Cause(ctx) }, lim: lim}
}

// counter counts the bytes that are read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// guard reads a member and refuses it when it breaks a limit. It turns errors
// of the decompressor into errors that name the member.
type guard struct {
	p      *pass
	file   string
	format string // "gzip", "zstd", "zip", "tar" or "" (plain)
	r      io.Reader
	in     *counter // compressed side; nil: plain
	n      int64    // decompressed bytes
	max    int64    // most decompressed bytes; 0: no bound of its own
	err    error
	done   func() // gives resources back; may be nil
	// counted says that the bytes count for the limit of the pass already.
	counted bool
}

// decompress returns the plain bytes of a member of the given display name. The
// compression follows from the extension of the name.
func (p *pass) decompress(raw io.Reader, file string) (*guard, error) {
	g := &guard{p: p, file: file, r: raw}
	switch {
	case strings.HasSuffix(file, ".gz"):
		g.format = "gzip"
	case strings.HasSuffix(file, ".zst"):
		g.format = "zstd"
	default:
		switch r := raw.(type) {
		case *guard: // of a zip or a plain tar
			return r, nil
		case *explained: // its walk counts
			g.counted = true
		}
		return g, nil
	}
	g.in = &counter{r: raw}
	small, err := slurp(raw)
	if err != nil {
		return nil, g.explain(err)
	}
	if small != nil { // a decoder is quicker on bytes in memory
		g.in.n = int64(len(small))
		g.r, g.done, err = newDecoder(g.format, bytes.NewReader(small))
	} else {
		g.r, g.done, err = newDecoder(g.format, g.in)
	}
	if err != nil {
		return nil, g.explain(err)
	}
	return g, nil
}

var (
	gzips = sync.Pool{New: func() any { return new(gzip.Reader) }}
	zstds sync.Pool
)

// slurpMax is the size up to which a compressed file is read at once.
const slurpMax = 1 << 20

// slurp reads a small file as a whole; others give nil, unread.
func slurp(raw io.Reader) ([]byte, error) {
	f, ok := raw.(*os.File)
	if !ok {
		return nil, nil
	}
	info, err := f.Stat()
	if err != nil || info.Size() > slurpMax {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, slurpMax+1))
}

func newDecoder(format string, r io.Reader) (io.Reader, func(), error) {
	if format == "gzip" {
		z := gzips.Get().(*gzip.Reader)
		if err := z.Reset(r); err != nil {
			gzips.Put(z)
			return nil, nil, err
		}
		return z, func() { gzips.Put(z) }, nil
	}
	z, _ := zstds.Get().(*zstd.Decoder)
	if z == nil {
		var err error
		z, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, nil, err
		}
	}
	if err := z.Reset(r); err != nil {
		return nil, nil, err
	}
	return z, func() {
		if z.Reset(nil) == nil {
			zstds.Put(z)
		}
	}, nil
}

func (g *guard) Read(b []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	if g.err = g.p.stop(); g.err != nil {
		return 0, g.err
	}
	n, err := g.r.Read(b)
	g.n += int64(n)
	if !g.counted {
		g.p.out += int64(n)
	}
	switch {
	case g.max > 0 && g.n > g.max:
		g.err = g.refuse("is larger than %d bytes", g.max)
	case g.p.out > g.p.lim.Total:
		g.err = g.refuse("the bundle gives more than %d bytes", g.p.lim.Total)
	case g.in != nil && g.n > g.p.lim.RatioFrom && g.n/max(g.in.n, 1) > g.ratio():
		g.err = g.refuse("unpacks to more than %d times its size: this looks like a zip bomb", g.ratio())
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF):
		g.err = io.EOF
		return n, io.EOF
	default:
		g.err = g.explain(err)
	}
	return n, g.err
}

func (g *guard) ratio() int64 {
	if g.format == "zstd" {
		return g.p.lim.Ratio * zstdSlack
	}
	return g.p.lim.Ratio
}

// Close gives the decompressor back. The guard must not be read afterwards.
func (g *guard) Close() error {
	if g.done != nil {
		g.done()
		g.done = nil
	}
	if g.err == nil {
		g.err = errors.New("read of a closed bundle member")
	}
	return nil
}

func (g *guard) refuse(format string, args ...any) error {
	e := errs.At(g.file, 0, 0, format, args...)
	e.Remedy = "if the data is honest, raise the limit or shorten the bundle"
	return e
}

// explain gives an error of a decompressor the name of its member.
func (g *guard) explain(err error) error {
	var e *errs.Error
	if errors.As(err, &e) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		e = errs.At(g.file, 0, 0, "truncated %s: it ends after %d bytes of content", g.name(), g.n)
		e.Remedy = "copy or write the file again"
	case g.format == "":
		e = &errs.Error{Op: "read", Kind: errs.Unavailable, File: g.file, Err: err}
	default:
		e = errs.At(g.file, 0, 0, "broken %s: %w", g.name(), err)
		e.Remedy = "copy or write the file again"
	}
	return e
}

func (g *guard) name() string {
	if g.format == "" {
		return "file"
	}
	return g.format
}

// readAll reads a small part as a whole.
func (g *guard) readAll(bound int64) ([]byte, error) {
	g.max = bound
	b, err := io.ReadAll(g)
	if err != nil {
		return nil, fmt.Errorf("read part: %w", err)
	}
	return b, nil
}
