package files

import (
	"bytes"
	"errors"
	"io"
	"time"

	"triagent/telemetry"
)

// nature is what the beginning of a file tells of it.
type nature struct {
	format string
	packed bool
	front  bool  // times stand at the very front of its lines
	first  int64 // time of its first record, Unix nanoseconds; 0: no time was seen
	zone   *time.Location
	near   time.Time // a moment that times without a date or a year lie near: when it was written last
}

var (
	errWide  = errors.New("it is UTF-16")
	errTimes = errors.New("no line at its beginning has a time")
)

// judge reads the beginning of a file.
func (s *Source) judge(r io.ReaderAt, f *file) (*nature, error) {
	n := &nature{zone: s.zone, near: f.info.ModTime(), format: s.c.Format}
	head := make([]byte, headBytes)
	k, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	head = head[:k]
	if n.packed = isPacked(head); n.packed {
		u, err := unpack(io.NewSectionReader(r, 0, f.size))
		if err != nil {
			return nil, err
		}
		defer func() { _ = u.Close() }() // it is read only
		plain := make([]byte, headBytes)
		k, err := io.ReadFull(u, plain)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			return nil, err
		}
		head = plain[:k]
	}
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return nil, errWide
	}
	n.guess(head)
	n.begin(head)
	return n, nil
}

// guess finds out the format by the first line.
func (n *nature) guess(head []byte) {
	if n.format != "" && n.format != formatAuto {
		return
	}
	first, _, _ := bytes.Cut(bytes.TrimLeft(head, "\n"), []byte{'\n'})
	switch {
	case bytes.HasPrefix(first, []byte("__CURSOR=")):
		n.format = formatExport
	case bytes.HasPrefix(first, []byte("{")) && bytes.Contains(first, []byte(`"__REALTIME_TIMESTAMP"`)):
		n.format = formatJSON
	default:
		n.format = formatRaw
	}
}

// begin finds the first time.
func (n *nature) begin(head []byte) {
	if n.format == formatExport {
		if i := bytes.Index(head, []byte("__REALTIME_TIMESTAMP=")); i >= 0 {
			n.first = micros(head[i+len("__REALTIME_TIMESTAMP="):])
		}
		return
	}
	for line := range bytes.Lines(head) {
		line = trim(line)
		if n.format == formatRaw && !telemetry.Continues(line) {
			if h := telemetry.ParseHead(line); h.HasTime() {
				n.front = h.TimeFrom <= 3
				n.first = n.moment(&h)
				return
			}
		}
		if n.format == formatJSON {
			if n.first = jsonTime(line); n.first != 0 {
				return
			}
		}
	}
}

// moment is the time of a line's head.
func (n *nature) moment(h *telemetry.Head) int64 {
	if h.Stamp.Complete() {
		return h.Stamp.UnixNano(n.zone)
	}
	return h.Stamp.UnixNanoNear(n.zone, n.near)
}

// time is the time of a line that starts a record; 0: it starts none, or has none.
func (n *nature) time(line []byte) int64 {
	if n.format == formatJSON {
		return jsonTime(line)
	}
	if telemetry.Continues(line) {
		return 0
	}
	h := telemetry.ParseHead(line)
	if !h.HasTime() || n.front && h.TimeFrom > 3 && line[0] != '{' {
		return 0
	}
	return n.moment(&h)
}
