package files

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// slack is how far the times of neighbouring lines may go back, in nanoseconds:
// threads write in another order than they took the time.
const slack = 10_000_000_000

// closeBy is where a search ends and reading begins.
const closeBy = 2 * stride

// few is how many records are looked at in one place.
const few = 8

// beyond is how many bytes of lines after the span are read before it is over:
// one of a wrong time does not end it.
const beyond = 256 << 10

// seek returns an offset in a file of ascending times at which a line starts, at
// most a little before the first record at or after from: nothing that lies
// before the offset belongs to the span. It reads some hundred kilobytes however
// long the file is. A stretch without a time is searched from its left side.
func seek(ctx context.Context, r io.ReaderAt, size, from int64, time func([]byte) int64) (int64, error) {
	lo, hi := int64(0), size
	buf := make([]byte, stride)
	for hi-lo > closeBy {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		mid := lo + (hi-lo)/2
		at, when, err := probe(r, mid, hi, buf, time)
		switch {
		case err != nil:
			return 0, err
		case when != 0 && when < from-slack:
			lo = at
		default:
			hi = mid
		}
	}
	return lo, nil
}

// probe finds the first record that starts after mid and before hi, and the
// latest time of the few from it on, all within 4 MB: one line that is out of
// turn, or begins with a time of something else, does not lead astray. Where
// there are not so many records the time is 0: not known.
func probe(r io.ReaderAt, mid, hi int64, buf []byte, time func([]byte) int64) (at, when int64, err error) {
	started, seen := false, 0 // at the start of a line; records
	for off := mid; (off < hi || seen > 0) && off-mid < 4<<20; {
		n, err := r.ReadAt(buf, off)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, 0, err
		}
		if n == 0 {
			break
		}
		part, from := buf[:n], 0
		if !started {
			i := bytes.IndexByte(part, '\n')
			if i < 0 {
				off += int64(n)
				continue
			}
			from, started = i+1, true
		}
		for from < n && (seen > 0 || off+int64(from) < hi) {
			i := bytes.IndexByte(part[from:], '\n')
			if i < 0 && from > 0 && n == len(buf) {
				break // the rest is read again
			}
			to := n
			if i >= 0 {
				to = from + i
			}
			if t := time(trim(part[from:to])); t != 0 {
				if seen++; seen == 1 {
					at, when = off+int64(from), t
				}
				if when = max(when, t); seen == few {
					return at, when, nil
				}
			}
			from = to + 1
		}
		off += int64(max(from, 1))
		if from > n { // a line longer than the buffer: its rest starts no line
			started, off = false, off-1
		}
	}
	return at, 0, nil
}
