package ring

import (
	"context"
	"errors"
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
	Damaged  []Damage // what could not be read, in order; maxDamaged of them
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
	for i, s := range list {
		r.live = nil
		if i == len(list)-1 {
			r.live = func() bool { return written(dir) }
		}
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
	live      func() bool // of the newest segment: whether somebody writes to it
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
	info, err := f.Stat()
	if err != nil {
		return &errs.Error{Op: "ring: read", Kind: errs.Unavailable, Err: err, Remedy: "look at the disk"}
	}
	return r.segment(ctx, filepath.Base(path), f, info.Size())
}

// segment reads what is whole of one segment, and notes what is not.
func (r *reader) segment(ctx context.Context, name string, f io.ReaderAt, size int64) error {
	w := &walker{r: io.NewSectionReader(f, 0, size), size: size}
	var before block
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		begin := w.pos
		h, at, err := w.next()
		now := block{head: h, begin: begin, at: at}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errDamaged):
			err = r.pass(name, w, before, block{begin: begin, at: begin}, "no batch begins there")
			before = block{}
		case err != nil:
			return ignoreFull(r.damage(Damage{Segment: name, At: begin, Bytes: size - begin, Why: err.Error()}))
		case now.end() > size:
			err = r.pass(name, w, before, now, "it breaks off in a batch")
			before = block{}
		case !r.want.has(h) || r.thinned():
			before = now
		default:
			before = block{}
			err = r.take(name, w, now)
		}
		if err != nil {
			return ignoreFull(err)
		}
	}
}

// thinned says that a batch that fits is left out, as Want.Every has it.
func (r *reader) thinned() bool {
	r.fit++
	return r.want.Every > 1 && r.fit%r.want.Every != 1
}

// take gives a batch to the caller, or notes why it cannot be read.
func (r *reader) take(name string, w *walker, b block) error {
	body, err := r.body(w.r, b)
	if err != nil {
		return r.pass(name, w, block{}, b, err.Error())
	}
	r.seen.Batches[b.kind]++
	r.seen.Items[b.kind] += int64(b.items)
	r.seen.Bytes += int64(b.raw)
	return r.fn(Batch{Kind: b.kind, Items: b.items, From: b.from, To: b.to, Body: body})
}

// body reads a batch that lies within its segment.
func (r *reader) body(f io.ReaderAt, b block) ([]byte, error) {
	if r.want.Heads {
		return nil, nil
	}
	if err := r.packed(f, b); err != nil {
		return nil, err
	}
	raw, err := r.dec.DecodeAll(r.pack, r.raw[:0])
	if err != nil || len(raw) != b.raw {
		return nil, errors.New("a batch cannot be decompressed")
	}
	r.raw = raw
	return raw, nil
}

// packed reads a batch as it is in the segment, into pack.
func (r *reader) packed(f io.ReaderAt, b block) error {
	if cap(r.pack) < b.packed {
		r.pack = make([]byte, b.packed)
	}
	r.pack = r.pack[:b.packed]
	if _, err := f.ReadAt(r.pack, b.at); err != nil {
		return err
	}
	if crc32.Checksum(r.pack, castagnoli) != b.sum {
		return errors.New("the checksum of a batch does not fit")
	}
	return nil
}
