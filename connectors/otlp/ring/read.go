package ring

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"triagent/internal/errs"
)

// Want says what of a ring is read.
type Want struct {
	Kinds    []Kind
	From, To int64 // batches that have items from From on and before To; Unix nanoseconds
	Heads    bool  // give batches without their bodies
	Every    int   // give only each n-th batch; 0: all
}

func (w *Want) has(h head) bool {
	for _, k := range w.Kinds {
		if h.kind == k {
			return h.from < w.To && h.to >= w.From
		}
	}
	return false
}

// Seen says what reading met with.
type Seen struct {
	Segments int
	Begins   int64    // Unix nanoseconds when the oldest segment began; 0: the ring is empty
	Batches  Counts   // that fit
	Items    Counts   // of these batches
	Bytes    int64    // of these batches, decompressed
	Damaged  []string // what could not be read, and why; a tear at the end of a segment is no damage: what was torn was never accepted
	Gone     int      // segments that were dropped while the ring was read
}

// Read gives the batches that are wanted to fn, in the order in which they came.
// A ring may be written to at the same time, by another process too. A ring that
// is not there is empty. An error of fn ends it and is returned as it is.
func Read(ctx context.Context, dir string, want Want, fn func(Batch) error) (Seen, error) {
	var seen Seen
	list, err := segments(dir)
	if err != nil {
		return seen, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxBatch+1<<20))
	if err != nil {
		return seen, err
	}
	defer dec.Close()
	seen.Segments = len(list)
	if len(list) > 0 {
		seen.Begins = list[0].name
	}
	r := reader{want: want, fn: fn, seen: &seen, dec: dec}
	for _, s := range list {
		if err := r.file(ctx, filepath.Join(dir, segmentName(s.name))); err != nil {
			return seen, err
		}
	}
	return seen, nil
}

// reader reads segments one after the other.
type reader struct {
	want      Want
	fn        func(Batch) error
	seen      *Seen
	dec       *zstd.Decoder
	raw, pack []byte
	fit       int // batches that fit, so far
}

func (r *reader) file(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		r.seen.Gone++
		return nil
	}
	if err != nil {
		return &errs.Error{Op: "ring: read", Kind: errs.Unavailable, Err: err, Remedy: "look at the rights of the folder"}
	}
	defer func() { _ = f.Close() }()
	return r.segment(ctx, filepath.Base(path), f)
}

// maxDamaged bounds what is told of damage.
const maxDamaged = 20

func (r *reader) damage(name string, at int64, why string) {
	if len(r.seen.Damaged) < maxDamaged {
		r.seen.Damaged = append(r.seen.Damaged, fmt.Sprintf("%s at byte %d: %s", name, at, why))
	}
}

// segment reads one segment up to its end, its tear, or its damage.
func (r *reader) segment(ctx context.Context, name string, f io.ReaderAt) error {
	w := &walker{r: f}
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		begin := w.pos
		h, at, err := w.next()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case errors.Is(err, errDamaged):
			r.damage(name, begin, "no block begins there; the rest of the segment is not read")
			return nil
		case err != nil:
			r.damage(name, begin, err.Error())
			return nil
		case !r.want.has(h):
			continue
		}
		if r.fit++; r.want.Every > 1 && r.fit%r.want.Every != 1 {
			continue
		}
		body, whole, err := r.body(f, h, at)
		if err != nil {
			r.damage(name, at, err.Error())
			continue
		}
		if !whole {
			return nil
		}
		r.seen.Batches[h.kind]++
		r.seen.Items[h.kind] += int64(h.items)
		r.seen.Bytes += int64(h.raw)
		if err := r.fn(Batch{Kind: h.kind, Items: h.items, From: h.from, To: h.to, Body: body}); err != nil {
			return err
		}
	}
}

// body reads a batch; false: the segment ends within it.
func (r *reader) body(f io.ReaderAt, h head, at int64) ([]byte, bool, error) {
	if r.want.Heads {
		var last [1]byte
		n, err := f.ReadAt(last[:], at+int64(h.packed)-1)
		return nil, n == 1, ignoreEOF(err)
	}
	// The length is believed only as far as the file goes.
	pack := r.pack[:0]
	for len(pack) < h.packed {
		n := min(h.packed-len(pack), 1<<20)
		if cap(pack)-len(pack) < n {
			pack = append(make([]byte, 0, max(2*cap(pack), len(pack)+n)), pack...)
		}
		got, err := f.ReadAt(pack[len(pack):len(pack)+n], at+int64(len(pack)))
		pack = pack[:len(pack)+got]
		if got < n {
			return nil, false, ignoreEOF(err)
		}
	}
	r.pack = pack
	if crc32.Checksum(pack, castagnoli) != h.sum {
		return nil, true, errors.New("the checksum of a batch does not fit")
	}
	raw, err := r.dec.DecodeAll(pack, r.raw[:0])
	if err != nil || len(raw) != h.raw {
		return nil, true, errors.New("a batch cannot be decompressed")
	}
	r.raw = raw
	return raw, true, nil
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
