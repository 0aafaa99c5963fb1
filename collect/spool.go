package collect

import (
	"bytes"
	"cmp"
	"encoding/gob"
	"errors"
	"slices"
	"sync/atomic"
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

// spool keeps records of one source, in whatever order they come, so that they
// can be read in the order of time in little memory: the latest encoded in
// memory, the others in files, each a run of ascending time. It is not safe for
// concurrent use.
type spool[T any] struct {
	dir, source string
	enc         *gob.Encoder
	types       []byte       // what a decoder must read before any record
	data        bytes.Buffer // the records in memory
	items       []item       // of data, in the order in which they came
	held        int64        // what is counted in heldBytes
	runs        []run        // in the order in which they came
	prev        int64        // time of the record before
	last        int64        // greatest time
}

// item is one record in memory.
type item struct {
	at       int64
	from, to int // in the data
}

func newSpool[T any](dir, source string) *spool[T] { return &spool[T]{dir: dir, source: source} }

// The bounds of what is in memory. What a spool holds is written once it is as
// large as it may be, and earlier if all spools together hold more than they may:
// a system has one for each node.
const (
	maxItems   = 20_000 // of a spool
	maxHeld    = 8 << 20
	minHeld    = 16 << 10 // less is not worth a run
	maxAllHeld = 64 << 20
	itemSize   = 24
)

// heldBytes is what all spools of the process hold in memory.
var heldBytes atomic.Int64

// add keeps a record; one without a time goes with the one before it.
func (s *spool[T]) add(record T, at int64) error {
	if err := s.begin(); err != nil {
		return err
	}
	if at == 0 {
		at = s.prev
	}
	s.prev, s.last = at, max(s.last, at)
	from := s.data.Len()
	if err := s.enc.Encode(&record); err != nil {
		return scratchFull(err)
	}
	s.items = append(s.items, item{at, from, s.data.Len()})
	size := int64(s.data.Len() - from + itemSize)
	s.held += size
	if all := heldBytes.Add(size); len(s.items) >= maxItems || s.held >= maxHeld || all > maxAllHeld && s.held >= minHeld {
		return s.spill()
	}
	return nil
}

// begin makes the encoder. It tells the types of a record once, before the first:
// all that follow can be put into another order.
func (s *spool[T]) begin() error {
	if s.enc != nil {
		return nil
	}
	s.enc = gob.NewEncoder(&s.data)
	if err := s.enc.Encode(new(T)); err != nil {
		return &errs.Error{Op: "keep what was collected", Kind: errs.Internal, Err: err}
	}
	s.types = bytes.Clone(s.data.Bytes())
	s.data.Reset()
	return nil
}

// spill writes what is in memory as a run, behind the one before if it goes on
// where that ends.
func (s *spool[T]) spill() error {
	if len(s.items) == 0 {
		return nil
	}
	c := s.inMemory()
	first, last := s.items[0].at, s.items[len(s.items)-1].at
	n := len(s.runs)
	if n == 0 || first < s.runs[n-1].last {
		s.runs = append(s.runs, run{})
		n++
	}
	r := &s.runs[n-1]
	if err := r.write(s.dir, []*cursor{c}); err != nil {
		if r.file == "" {
			s.runs = s.runs[:n-1]
		}
		return err
	}
	r.last = last
	s.release()
	return s.compact()
}

// release forgets what is in memory.
func (s *spool[T]) release() {
	heldBytes.Add(-s.held)
	s.held, s.items, s.data = 0, nil, bytes.Buffer{}
}

// compact puts runs together while there are too many of a rank. Those of a rank
// stand side by side, so that records of one time stay in their order.
func (s *spool[T]) compact() error {
	for {
		n := len(s.runs)
		if n < fan || s.runs[n-fan].rank != s.runs[n-1].rank {
			return nil
		}
		old := s.runs[n-fan:]
		whole := run{rank: old[0].rank + 1}
		for _, r := range old {
			whole.last = max(whole.last, r.last)
		}
		if err := whole.join(s.dir, old); err != nil {
			return err
		}
		for _, r := range old {
			r.remove()
		}
		s.runs = append(s.runs[:n-fan], whole)
	}
}

// inMemory reads what is in memory.
func (s *spool[T]) inMemory() *cursor {
	slices.SortStableFunc(s.items, func(a, b item) int { return cmp.Compare(a.at, b.at) })
	return &cursor{from: &held{items: s.items, data: s.data.Bytes()}}
}

func scratchFull(err error) error {
	if known := (*errs.Error)(nil); errors.As(err, &known) {
		return err
	}
	return &errs.Error{Op: "keep what was collected", Kind: errs.Unavailable, Err: err, Remedy: "make room where temporary files are kept"}
}

// close forgets all.
func (s *spool[T]) close() {
	s.release()
	for _, r := range s.runs {
		r.remove()
	}
	s.runs = nil
}

// decoder reads encoded records one by one, in any order.
type decoder[T any] struct {
	in  bytes.Buffer
	dec *gob.Decoder
}

func newDecoder[T any](types []byte) (*decoder[T], error) {
	d := &decoder[T]{}
	d.dec = gob.NewDecoder(&d.in)
	_, err := d.decode(types)
	return d, err
}

func (d *decoder[T]) decode(record []byte) (T, error) {
	var out T
	d.in.Write(record)
	err := d.dec.Decode(&out)
	return out, err
}

// merge gives the records of all spools in the order of time; of those at the
// same time, the one that came first is first. Nothing is added to the spools
// afterwards.
func merge[T any](spools []*spool[T], each func(T) error) error {
	var all []*cursor
	defer func() { closeAll(all) }()
	decoders := make([]*decoder[T], len(spools))
	for i, s := range spools {
		if s.enc == nil {
			continue
		}
		var err error
		if decoders[i], err = newDecoder[T](s.types); err != nil {
			return scratchFull(err)
		}
		list, err := openAll(s.runs)
		list = append(list, s.inMemory())
		for _, c := range list {
			c.of = i
		}
		all = append(all, list...)
		if err != nil {
			return err
		}
	}
	return inOrder(all, func(c *cursor) error {
		record, err := decoders[c.of].decode(c.body)
		if err != nil {
			return scratchFull(err)
		}
		return each(record)
	})
}

// moment is a time in nanoseconds since 1970; 0 is unknown.
func moment(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}
