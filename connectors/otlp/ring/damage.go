package ring

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Damage is a part of a segment that cannot be read.
type Damage struct {
	Segment   string // its file
	At, Bytes int64  // where it begins, and its length
	Batches   int    // batches of which the head is readable, among it
	Items     int64  // of these batches; what else was there is not known
	Why       string
}

// maxDamaged bounds the places that are told apart; one more ends the reading of
// its segment.
const maxDamaged = 1000

// errFull says that a segment is damaged in too many places to go on.
var errFull = errors.New("too much damage")

func ignoreFull(err error) error {
	if errors.Is(err, errFull) {
		return nil
	}
	return err
}

func (r *reader) damage(d Damage) error {
	if len(r.seen.Damaged) >= maxDamaged {
		return errFull
	}
	r.seen.Damaged = append(r.seen.Damaged, d)
	return nil
}

// block is a place in a segment where a block begins, or should.
type block struct {
	head
	begin, at int64 // of the block, and of its batch
}

func (b *block) end() int64 { return b.at + int64(b.packed) }

// pass goes on at the next block after what is damaged, and notes what lies
// between. Before is the block before it if its batch was not looked at: where
// that is damaged too, its length may be wrong, and the next block within it.
func (r *reader) pass(name string, w *walker, before, bad block, why string) error {
	if before.at > 0 && r.packed(w.r, before) != nil {
		bad, why = before, "the checksum of a batch does not fit"
	}
	d := Damage{Segment: name, At: bad.begin, Why: why}
	if bad.at > bad.begin {
		d.Batches, d.Items = 1, int64(bad.items)
	}
	if bad.at == bad.begin || !w.begins(bad.end()) {
		w.seek(bad.at)
	}
	if d.Bytes = w.pos - d.At; d.Bytes == 0 {
		return nil
	}
	torn := bad.end() > w.size || w.size-bad.begin < headLen
	if torn && w.pos == w.size && r.live != nil && r.live() {
		return nil // a batch that is being written
	}
	if len(r.seen.Damaged) == maxDamaged-1 {
		d.Bytes, d.Why, w.pos = w.size-d.At, why+", and so on", w.size
	}
	return r.damage(d)
}

// begins reports whether a block begins at a place, or the segment ends there,
// and goes there.
func (w *walker) begins(at int64) bool {
	if at > w.size {
		return false
	}
	w.pos = at
	b, err := w.peek(headLen)
	if err != nil {
		return errors.Is(err, io.EOF)
	}
	_, ok := parse(b)
	return ok
}

// seek goes to the first place from at on where a block begins, or to the end.
func (w *walker) seek(at int64) {
	var sign [4]byte
	binary.LittleEndian.PutUint32(sign[:], magic)
	for w.pos = at; ; {
		if _, err := w.peek(headLen); err != nil {
			w.pos = w.size // too little is left, or it cannot be read
			return
		}
		left := w.buf[w.pos-w.bufPos:]
		i := bytes.Index(left, sign[:])
		switch {
		case i < 0:
			w.pos += int64(len(left) - len(sign) + 1)
		case i+headLen > len(left):
			w.pos += int64(i) // and read on: i is above zero
		default:
			w.pos += int64(i)
			if _, ok := parse(left[i:]); ok {
				return
			}
			w.pos++
		}
	}
}

// written reports whether somebody writes to a ring. Where locks are not known,
// it says yes: a tear is then not told.
func written(dir string) bool {
	f, err := os.Open(filepath.Join(dir, claimed))
	if err != nil {
		return !errors.Is(err, os.ErrNotExist)
	}
	defer func() { _ = f.Close() }() // which frees it
	return busy(f)
}
