// Package ring keeps the last of what came in, on disk, in a bounded space: the
// oldest goes when there is too much, or when it is too old, and is counted.
//
// A ring is a folder of segments. The name of one is the time of its beginning
// (Unix nanoseconds, 20 digits), so that names sort as they came. A segment is a
// row of blocks, one for each batch: a head of 52 bytes (see head) and the batch,
// compressed with Zstandard. A file named lock says who writes to it. A batch is handed to the operating system before
// Add returns: a process that is killed loses none that was accepted; a machine
// that loses power may lose the last segment's end. Nothing is ever appended to
// a segment of an earlier process.
//
// A reader needs no lock and no word with the writer; it may be another process.
// What is in a segment is believed only if its checksums fit; what is between
// blocks that fit is passed over, and told.
package ring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"

	"triagent/internal/errs"
)

// Kind is what a batch holds.
type Kind uint8

// The kinds.
const (
	Traces Kind = iota
	Metrics
	Logs
	kinds
)

// String names the kind as people know it.
func (k Kind) String() string {
	if k >= kinds {
		return "unknown"
	}
	return [...]string{"traces", "metrics", "logs"}[k]
}

// Counts is a number for each Kind.
type Counts [kinds]int64

// MaxBatch bounds a batch, in bytes.
const MaxBatch = 64 << 20

// Batch is what comes at once.
type Batch struct {
	Kind     Kind
	Items    int    // spans, samples or records
	From, To int64  // times of the items, both included; Unix nanoseconds
	Body     []byte // valid until the callback that got it returns
}

// Bounds say how much is kept. All are needed.
type Bounds struct {
	Segment int64         // bytes after which a new segment begins
	Total   int64         // bytes of all segments, at most; several segments
	Age     time.Duration // since a batch came in, to an eighth
}

// Stats say what a ring holds, and what its writer dropped since Open.
type Stats struct {
	Segments, Bytes               int64
	Added                         Counts // items since Open
	DroppedSegments, DroppedBytes int64
	Dropped                       Counts // items
	Removed                       int64  // times; see Ring.Removed
}

// Ring is a ring that is written to, by nobody else. It is safe for concurrent
// use; Close it.
type Ring struct {
	dir string
	b   Bounds
	now func() time.Time
	enc *zstd.Encoder

	removed atomic.Int64

	mu     sync.Mutex
	claim  *os.File // the lock of the folder; nil: the folder was removed
	f      *os.File // the segment being written; nil: none yet
	name   int64    // of f
	size   int64    // of f
	last   int64    // when something was written to f
	closed bool
	stats  Stats
}

// Open opens the ring in a folder, makes the folder if need be and drops what
// the bounds no longer allow. A nil now is the clock of the machine.
func Open(dir string, b Bounds, now func() time.Time) (*Ring, error) {
	if b.Segment <= 0 || b.Total < 2*b.Segment || b.Age <= 0 {
		return nil, errs.New(errs.Invalid, "ring: a ring needs room for two segments, and an age")
	}
	if now == nil {
		now = time.Now
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	r := &Ring{dir: dir, b: b, now: now, enc: enc}
	if err = r.hold(); err == nil {
		err = r.Prune()
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// buffers are for the blocks of batches being added.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// keptBuffer bounds the buffers that are kept, in bytes.
const keptBuffer = 1 << 20

// Add keeps a batch. It is with the operating system when Add returns. An error
// of kind errs.Unavailable says that it could not be written: nothing of it was.
func (r *Ring) Add(b Batch) error {
	if len(b.Body) > MaxBatch || b.Kind >= kinds || b.Items < 0 {
		return errs.New(errs.Invalid, "ring: a batch of %d bytes", len(b.Body))
	}
	buf := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= keptBuffer {
			buffers.Put(buf)
		}
	}()
	if cap(*buf) < headLen {
		*buf = make([]byte, headLen, 64<<10)
	}
	*buf = r.enc.EncodeAll(b.Body, (*buf)[:headLen])
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return errs.New(errs.Unavailable, "ring: it is closed")
	}
	at := r.now()
	head{kind: b.Kind, raw: len(b.Body), packed: len(*buf) - headLen, items: b.Items, received: at.UnixNano(), from: b.From, to: b.To}.put(*buf)
	for range 2 {
		if err := r.write(at, *buf); err != nil {
			return err
		}
		if r.look(); r.f != nil {
			r.stats.Added[b.Kind] += int64(b.Items)
			return nil
		}
	}
	return unwritten(errors.New("the folder is removed again and again"))
}

// write writes a block. The lock is held.
func (r *Ring) write(at time.Time, block []byte) error {
	if err := r.turn(at, int64(len(block))); err != nil {
		return err
	}
	if _, err := r.f.Write(block); err != nil {
		return r.undo(err)
	}
	r.size += int64(len(block))
	r.last = at.UnixNano()
	return nil
}

// turn begins a new segment where that is due. The lock is held.
func (r *Ring) turn(at time.Time, more int64) error {
	if r.f != nil && r.size+more <= r.b.Segment && at.UnixNano()-r.name < int64(r.b.Age/8) {
		return nil
	}
	if err := r.seal(); err != nil {
		return err
	}
	r.look()
	if err := r.hold(); err != nil {
		return unwritten(err)
	}
	if err := r.pruneLocked(max(more, r.b.Segment)); err != nil {
		return err
	}
	name := max(at.UnixNano(), r.name+1)
	for {
		f, err := os.OpenFile(filepath.Join(r.dir, segmentName(name)), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
		if errors.Is(err, fs.ErrExist) {
			name++
			continue
		}
		if err != nil {
			return unwritten(err)
		}
		r.f, r.name, r.size = f, name, 0
		return nil
	}
}

// undo takes back what was half written. The lock is held.
func (r *Ring) undo(err error) error {
	if cut := r.f.Truncate(r.size); cut != nil {
		err = errors.Join(err, cut, r.seal()) // the torn block is the segment's last
	}
	return unwritten(err)
}

func unwritten(err error) error {
	return &errs.Error{Op: "ring: write", Kind: errs.Unavailable, Err: err, Remedy: "look at the room on the disk, and at the rights of the folder"}
}

// seal ends the segment being written. The lock is held.
func (r *Ring) seal() error {
	if r.f == nil {
		return nil
	}
	f := r.f
	r.f = nil
	if err := f.Close(); err != nil {
		return unwritten(err)
	}
	return nil
}

// Stats says what the ring holds and what was dropped.
func (r *Ring) Stats() (Stats, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list, err := segments(r.dir)
	if err != nil {
		return Stats{}, err
	}
	s := r.stats
	s.Removed = r.removed.Load()
	for _, x := range list {
		s.Segments++
		s.Bytes += x.size
	}
	return s, nil
}

// Close ends writing. What was added stays.
func (r *Ring) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	err := r.seal()
	if r.claim != nil {
		err = errors.Join(err, r.claim.Close())
		r.claim = nil
	}
	return errors.Join(err, r.enc.Close())
}

func segmentName(at int64) string { return fmt.Sprintf("%020d.seg", at) }
