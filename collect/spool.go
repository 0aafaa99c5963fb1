package collect

import (
	"bufio"
	"container/heap"
	"encoding/gob"
	"errors"
	"io"
	"os"
	"time"

	"triagent/internal/errs"
)

// line is a log record on its way.
type line struct {
	Time        int64
	Level       uint8
	Body        []byte
	Raw         bool
	Trace, Span string
	Attributes  map[string]string
}

// spool keeps records of one source in a file, in runs of ascending time, so
// that they can be read again in the order of time in little memory. It is not
// safe for concurrent use.
type spool[T any] struct {
	dir, source string
	file        *os.File
	buf         *bufio.Writer
	at          int64 // bytes written
	enc         *gob.Encoder
	runs        []int64 // where each begins
	last        int64   // time of the last record
	count       int64
}

func newSpool[T any](dir, source string) *spool[T] { return &spool[T]{dir: dir, source: source} }

// maxRuns bounds how often time may go back.
const maxRuns = 256

// Write counts what the encoder writes.
func (s *spool[T]) Write(p []byte) (int, error) {
	n, err := s.buf.Write(p)
	s.at += int64(n)
	return n, err
}

// stamped is a record with the time that it is sorted by.
type stamped[T any] struct {
	At     int64
	Record T
}

// add keeps a record; one without a time goes with the one before it.
func (s *spool[T]) add(record T, at int64) error {
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "spool-")
		if err != nil {
			return scratchFull(err)
		}
		s.file, s.buf = f, bufio.NewWriterSize(f, 64<<10)
	}
	if at == 0 {
		at = s.last
	}
	if s.enc == nil || at < s.last {
		if len(s.runs) == maxRuns {
			return errs.New(errs.Invalid, "its records go back in time more than %d times", maxRuns)
		}
		s.runs, s.enc = append(s.runs, s.at), gob.NewEncoder(s)
	}
	s.last = at
	s.count++
	if err := s.enc.Encode(stamped[T]{at, record}); err != nil {
		return scratchFull(err)
	}
	return nil
}

func scratchFull(err error) error {
	return &errs.Error{Op: "keep what was collected", Kind: errs.Unavailable, Err: err, Remedy: "make room where temporary files are kept"}
}

func (s *spool[T]) close() {
	if s.file != nil {
		_ = s.file.Close() // it is scratch
	}
}

// run reads one run of a spool.
type run[T any] struct {
	dec  *gob.Decoder
	next stamped[T]
	turn int // of spools and runs at the same time, the first is first
}

func (r *run[T]) step() error {
	r.next = stamped[T]{}
	return r.dec.Decode(&r.next)
}

type runs[T any] []*run[T]

func (h runs[T]) Len() int { return len(h) }
func (h runs[T]) Less(i, j int) bool {
	if h[i].next.At != h[j].next.At {
		return h[i].next.At < h[j].next.At
	}
	return h[i].turn < h[j].turn
}
func (h runs[T]) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *runs[T]) Push(x any)   { *h = append(*h, x.(*run[T])) }
func (h *runs[T]) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// merge gives the records of all spools in the order of time. Nothing is added
// to them afterwards.
func merge[T any](spools []*spool[T], each func(T) error) error {
	var h runs[T]
	for _, s := range spools {
		if s.file == nil {
			continue
		}
		if err := s.buf.Flush(); err != nil {
			return scratchFull(err)
		}
		for i, from := range s.runs {
			to := s.at
			if i+1 < len(s.runs) {
				to = s.runs[i+1]
			}
			r := &run[T]{dec: gob.NewDecoder(bufio.NewReaderSize(io.NewSectionReader(s.file, from, to-from), 32<<10)), turn: len(h)}
			if err := r.step(); err != nil {
				return scratchFull(err)
			}
			h = append(h, r)
		}
	}
	heap.Init(&h)
	for len(h) > 0 {
		r := h[0]
		if err := each(r.next.Record); err != nil {
			return err
		}
		err := r.step()
		switch {
		case errors.Is(err, io.EOF):
			heap.Pop(&h)
		case err != nil:
			return scratchFull(err)
		default:
			heap.Fix(&h, 0)
		}
	}
	return nil
}

// moment is a time in nanoseconds since 1970; 0 is unknown.
func moment(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}
