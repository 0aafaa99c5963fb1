package data

import (
	"triagent/telemetry"
)

// shapes are the statements of one operation, told apart by their form.
type shapes struct {
	by   map[string]*shape
	seq  []*shape
	buf  []byte
	over int // statements beyond maxShapes
}

// shape is a statement with its constants masked.
type shape struct {
	text    string
	example string // one statement in full, the slowest of the search
	count   cell
	ms      float64 // total time in the search
	worst   int64
	line    int32
}

// maxShapes bounds the shapes of one operation.
const maxShapes = 512

func newShapes() *shapes { return &shapes{by: map[string]*shape{}} }

func (s *shapes) add(statement string, bin int, g *grid, sp *telemetry.Mark) {
	s.buf = mask(s.buf[:0], statement)
	h := s.by[string(s.buf)]
	if h == nil {
		if len(s.seq) >= maxShapes {
			s.over++
			return
		}
		h = &shape{text: string(s.buf)}
		s.by[h.text] = h
		s.seq = append(s.seq, h)
	}
	h.count.add(bin, g.bins())
	if !g.searching(bin) {
		return
	}
	h.ms += float64(sp.Duration) / 1e6
	if sp.Duration >= h.worst {
		h.worst, h.line, h.example = sp.Duration, sp.Line, statement
	}
}

// mask appends statement to dst with every run of digits and every quoted text
// written as "?": the 7 of d7 is a parameter too.
func mask(dst []byte, statement string) []byte {
	for i := 0; i < len(statement); {
		c := statement[i]
		switch {
		case c == '\'' || c == '"':
			i++
			for i < len(statement) && statement[i] != c {
				i++
			}
			i++
			dst = append(dst, '?')
		case c >= '0' && c <= '9':
			for i < len(statement) && (statement[i] >= '0' && statement[i] <= '9') {
				i++
			}
			if n := len(dst); n == 0 || dst[n-1] != '?' {
				dst = append(dst, '?')
			}
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst
}
