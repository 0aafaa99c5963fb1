package ring

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"triagent/internal/errs"
)

// headLen is the length of a block's head, in bytes.
const headLen = 52

// magic begins every block.
const magic = 0x31525254 // "TRR1"

// head says what follows it. All numbers are little-endian.
//
//	 0 magic  4 kind (4 bytes)  8 raw  12 packed  16 items
//	20 received  28 from  36 to (8 bytes each)
//	44 checksum of the packed batch  48 checksum of the head before it
type head struct {
	kind               Kind
	raw, packed, items int
	received, from, to int64
	sum                uint32
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// put writes the head of a block into its beginning.
func (h head) put(block []byte) {
	o := binary.LittleEndian
	o.PutUint32(block, magic)
	o.PutUint32(block[4:], uint32(h.kind))
	o.PutUint32(block[8:], uint32(h.raw))
	o.PutUint32(block[12:], uint32(h.packed))
	o.PutUint32(block[16:], uint32(h.items))
	o.PutUint64(block[20:], uint64(h.received))
	o.PutUint64(block[28:], uint64(h.from))
	o.PutUint64(block[36:], uint64(h.to))
	o.PutUint32(block[44:], crc32.Checksum(block[headLen:], castagnoli))
	o.PutUint32(block[48:], crc32.Checksum(block[:48], castagnoli))
}

// parse reads a head; false: it is none.
func parse(b []byte) (head, bool) {
	o := binary.LittleEndian
	if len(b) < headLen || o.Uint32(b) != magic || o.Uint32(b[48:]) != crc32.Checksum(b[:48], castagnoli) {
		return head{}, false
	}
	kind, raw, packed, items := o.Uint32(b[4:]), o.Uint32(b[8:]), o.Uint32(b[12:]), o.Uint32(b[16:])
	if kind >= uint32(kinds) || raw > MaxBatch || packed > 2*MaxBatch || items > 1<<30 {
		return head{}, false
	}
	return head{
		kind: Kind(kind), raw: int(raw), packed: int(packed), items: int(items),
		received: int64(o.Uint64(b[20:])), from: int64(o.Uint64(b[28:])), to: int64(o.Uint64(b[36:])), sum: o.Uint32(b[44:]),
	}, true
}

// segment is one file of a ring.
type segment struct {
	name, end int64 // when it begins; when nothing more came, at the latest
	size      int64
}

// segments lists the segments of a folder, oldest first. Files of other names
// are passed over; a folder that is not there has none.
func segments(dir string) ([]segment, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &errs.Error{Op: "ring: list segments", Kind: errs.Unavailable, Err: err, Remedy: "look at the rights of the folder"}
	}
	var out []segment
	for _, e := range entries {
		digits, ok := strings.CutSuffix(e.Name(), ".seg")
		name, err := strconv.ParseInt(digits, 10, 64)
		if !ok || err != nil || len(digits) != 20 || name < 0 || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil { // dropped in between
			continue
		}
		out = append(out, segment{name: name, end: max(info.ModTime().UnixNano(), name), size: info.Size()})
	}
	slices.SortFunc(out, func(a, b segment) int { return int(min(max(a.name-b.name, -1), 1)) })
	for i := range out[:max(0, len(out)-1)] {
		out[i].end = out[i+1].name
	}
	return out, nil
}

// ahead is how much is read at once to get at heads.
const ahead = 64 << 10

// walker goes from head to head of a segment.
type walker struct {
	r      io.ReaderAt
	size   int64 // of the segment
	pos    int64 // of the next head
	buf    []byte
	bufPos int64
}

// errDamaged says that a segment holds what no ring wrote.
var errDamaged = errors.New("damaged")

// next returns the next head and where its batch begins. io.EOF: the segment
// ends; errDamaged: what is there is no head, or not all of one.
func (w *walker) next() (head, int64, error) {
	b, err := w.peek(headLen)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errDamaged
	}
	if err != nil {
		return head{}, 0, err
	}
	h, ok := parse(b)
	if !ok {
		return head{}, 0, errDamaged
	}
	at := w.pos + headLen
	w.pos = at + int64(h.packed)
	return h, at, nil
}

// peek returns n bytes at pos, n up to ahead.
func (w *walker) peek(n int64) ([]byte, error) {
	if from := w.pos - w.bufPos; from >= 0 && from+n <= int64(len(w.buf)) {
		return w.buf[from : from+n], nil
	}
	if w.buf == nil {
		w.buf = make([]byte, ahead)
	}
	got, err := w.r.ReadAt(w.buf[:ahead], w.pos)
	w.buf, w.bufPos = w.buf[:got], w.pos
	switch {
	case int64(got) >= n:
		return w.buf[:n], nil
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	case got == 0:
		return nil, io.EOF
	}
	return nil, io.ErrUnexpectedEOF
}

// count counts the items of a segment by its heads, as far as they can be read.
func count(path string) (Counts, error) {
	var n Counts
	f, err := os.Open(path)
	if err != nil {
		return n, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return n, err
	}
	for w := (&walker{r: f, size: info.Size()}); ; {
		begin := w.pos
		h, at, err := w.next()
		switch {
		case errors.Is(err, errDamaged):
			w.seek(begin)
			err = nil
		case err == nil && w.pos > w.size:
			w.seek(at)
		case err == nil:
			n[h.kind] += int64(h.items)
		}
		if err != nil {
			return n, nil //nolint:nilerr // the rest holds nothing
		}
	}
}
