package collect

import (
	"bufio"
	"container/heap"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// fan is how many runs are put together into one of the next rank. A spool has
// fewer than that of each rank, and opens no more files than it has runs: 16 runs
// of 8 MB make one of 128 MB, 16 of these one of 2 GB.
const fan = 16

// run is records in a file, in the order of time. Each has a head of its time and
// its size.
type run struct {
	file string // empty: not written yet
	size int64
	rank int
	last int64 // its last time
}

const headSize = 12

// write puts records at the end of the run. With an error it is as before.
func (r *run) write(dir string, from []*cursor) error {
	f, err := r.open(dir)
	if err != nil {
		return scratchFull(err)
	}
	w, size := bufio.NewWriterSize(f, 64<<10), r.size
	err = inOrder(from, func(c *cursor) error {
		var head [headSize]byte
		size += int64(headSize + len(c.body))
		binary.LittleEndian.PutUint64(head[:], uint64(c.at))
		binary.LittleEndian.PutUint32(head[8:], uint32(len(c.body)))
		_, err := w.Write(head[:])
		return errors.Join(err, second(w.Write(c.body)))
	})
	if err := errors.Join(err, w.Flush(), f.Close()); err != nil {
		r.undo()
		return scratchFull(err)
	}
	r.size = size
	return nil
}

// undo takes off what was written in vain.
func (r *run) undo() {
	if r.size > 0 {
		_ = os.Truncate(r.file, r.size) // the error that led here is told
		return
	}
	r.remove()
	r.file = ""
}

func second(_ int, err error) error { return err }

func (r *run) open(dir string) (*os.File, error) {
	if r.file != "" {
		return os.OpenFile(r.file, os.O_WRONLY|os.O_APPEND, 0)
	}
	f, err := os.CreateTemp(dir, "spool-")
	if err == nil {
		r.file = f.Name()
	}
	return f, err
}

// join writes the records of other runs.
func (r *run) join(dir string, others []run) error {
	list, err := openAll(others)
	defer closeAll(list)
	if err != nil {
		return err
	}
	return r.write(dir, list)
}

func (r *run) remove() {
	if r.file != "" {
		_ = os.Remove(r.file) // its folder goes as well
	}
}

// source gives records one after the other; the last is followed by io.EOF. A
// record is valid until the next.
type source interface {
	next() (at int64, body []byte, err error)
}

// held gives the records that a spool has in memory.
type held struct {
	items []item
	data  []byte
}

func (h *held) next() (int64, []byte, error) {
	if len(h.items) == 0 {
		return 0, nil, io.EOF
	}
	i := h.items[0]
	h.items = h.items[1:]
	return i.at, h.data[i.from:i.to], nil
}

// written gives the records of a run.
type written struct {
	file *os.File
	r    *bufio.Reader
	head [headSize]byte
	body []byte
}

func (w *written) next() (int64, []byte, error) {
	if _, err := io.ReadFull(w.r, w.head[:]); err != nil {
		return 0, nil, err
	}
	n := int(binary.LittleEndian.Uint32(w.head[8:]))
	if cap(w.body) < n {
		w.body = make([]byte, n)
	}
	w.body = w.body[:n]
	if _, err := io.ReadFull(w.r, w.body); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	return int64(binary.LittleEndian.Uint64(w.head[:])), w.body, nil
}

// cursor is how far a source was read.
type cursor struct {
	from source
	at   int64  // of the next record
	body []byte // the next record
	of   int    // which spool it is of
	turn int    // among the sources: at the same time, the first is first
}

func (c *cursor) step() (err error) {
	c.at, c.body, err = c.from.next()
	return err
}

// openAll opens runs. What it returns must be closed, with an error too.
func openAll(runs []run) ([]*cursor, error) {
	var out []*cursor
	for _, r := range runs {
		f, err := os.Open(r.file)
		if err != nil {
			return out, scratchFull(err)
		}
		out = append(out, &cursor{from: &written{file: f, r: bufio.NewReaderSize(f, 32<<10)}})
	}
	return out, nil
}

func closeAll(list []*cursor) {
	for _, c := range list {
		if w, ok := c.from.(*written); ok {
			_ = w.file.Close() // it was only read
		}
	}
}

// cursors is a heap, the next record first.
type cursors []*cursor

func (h cursors) Len() int { return len(h) }
func (h cursors) Less(i, j int) bool {
	if h[i].at != h[j].at {
		return h[i].at < h[j].at
	}
	return h[i].turn < h[j].turn
}
func (h cursors) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *cursors) Push(x any)   { *h = append(*h, x.(*cursor)) }
func (h *cursors) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// inOrder gives the records of all sources in the order of time, and of those at
// the same time in the order of the sources.
func inOrder(from []*cursor, each func(*cursor) error) error {
	var h cursors
	for i, c := range from {
		c.turn = i
		switch err := c.step(); {
		case err == nil:
			h = append(h, c)
		case !errors.Is(err, io.EOF):
			return scratchFull(err)
		}
	}
	heap.Init(&h)
	for len(h) > 0 {
		c := h[0]
		if err := each(c); err != nil {
			return err
		}
		switch err := c.step(); {
		case err == nil:
			heap.Fix(&h, 0)
		case errors.Is(err, io.EOF):
			heap.Pop(&h)
		default:
			return scratchFull(err)
		}
	}
	return nil
}
