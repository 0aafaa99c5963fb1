package telemetry

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"

	"triagent/internal/errs"
)

// Blocks streams the spans of the bundle to fn, in the order of the file, as
// blocks of marks; without a traces file it does nothing. They are read on all
// processors. A block is valid only until fn returns; its texts and attributes may
// be kept. An error of fn ends the walk and is returned as it is. On any error,
// discard what was handed out.
func (b *Bundle) Blocks(ctx context.Context, fn func(*Block) error) error {
	return b.readSpans(ctx, func(r io.Reader, lim Limits, kind string) error {
		m := marker{file: join(b.Path, b.parts.spans), member: b.parts.spans, lim: lim, fn: fn, size: pieceSize}
		if kind == ".csv" {
			return m.csv(r)
		}
		return m.jsonl(ctx, r)
	})
}

// marker reads the spans of one file as marks. A file of JSON lines is cut into
// pieces at line ends, which are parsed side by side and handed on in order.
type marker struct {
	file, member string
	lim          Limits
	fn           func(*Block) error
	size         int         // bytes of a piece
	used         chan []Mark // what a block held, to be filled anew
	line         int         // lines handed on
}

// piece is some lines of a file.
type piece struct {
	data  []byte
	first bool  // it begins the file
	wide  bool  // its line is too long; nothing follows
	err   error // what broke the stream behind it; nothing follows
	block Block
	lines int
	bad   bool // it cannot be read; the error is found when the number of its first line is known
	done  chan struct{}
}

// pieceSize is how much is parsed at a time; it stays in the cache of one core.
const pieceSize = 256 << 10

// mostParsers is how many pieces are parsed at once: unpacking, which one does
// alone, keeps no more of them busy.
const mostParsers = 4

func (m *marker) jsonl(ctx context.Context, r io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := min(runtime.GOMAXPROCS(0), mostParsers)
	work, order := make(chan *piece, workers), make(chan *piece, 2*workers)
	spare := make(chan []byte, 3*workers)
	m.used = make(chan []Mark, 3*workers)
	var g errgroup.Group
	g.Go(func() error {
		defer close(order)
		defer close(work)
		m.cut(ctx, r, spare, func(p *piece) bool {
			for _, to := range []chan *piece{order, work} {
				select {
				case to <- p:
				case <-ctx.Done():
					return false
				}
			}
			return true
		})
		return nil
	})
	for w := range workers {
		g.Go(func() error {
			s := newMarkReader(m.file, uint64(w)<<32)
			for p := range work {
				select {
				case s.marks = <-m.used:
				default:
				}
				p.bad = s.parse(p, m.lim) != nil
				if !p.bad && cap(p.data) <= 2*m.size { // one that grew for a long line is not kept
					select {
					case spare <- p.data[:0]:
					default:
					}
				}
				close(p.done)
			}
			return nil
		})
	}
	err := m.hand(ctx, order)
	cancel()
	_ = g.Wait() // they return none
	return err
}

// cut reads the stream and hands on pieces of whole lines until it ends or send
// says so.
func (m *marker) cut(ctx context.Context, r io.Reader, spare <-chan []byte, send func(*piece) bool) {
	var rest []byte
	for first := true; ctx.Err() == nil; first = false {
		p := &piece{first: first, done: make(chan struct{})}
		var buf []byte
		select {
		case buf = <-spare:
		default:
		}
		buf, err := m.fill(r, append(buf, rest...))
		whole := bytes.LastIndexByte(buf, '\n') + 1
		switch {
		case errors.Is(err, io.EOF):
			whole = len(buf)
		case err != nil:
			p.err = err
		case whole == 0:
			p.wide = true
		}
		p.data, rest = buf[:whole], append(rest[:0], buf[whole:]...)
		if !send(p) || err != nil || p.wide {
			return
		}
	}
}

// fill reads on until there is a piece, or a line that is too long. The error is
// that of r.
func (m *marker) fill(r io.Reader, buf []byte) ([]byte, error) {
	seen, empty := 0, 0
	for size := m.size; ; size *= 2 {
		size = min(size, m.lim.Row+m.size)
		if cap(buf) < size {
			buf = append(make([]byte, 0, size), buf...)
		}
		for len(buf) < size {
			n, err := r.Read(buf[len(buf):size])
			buf = buf[:len(buf)+n]
			if err != nil {
				return buf, err
			}
			if empty++; n > 0 {
				empty = 0
			} else if empty == 100 {
				return buf, io.ErrNoProgress
			}
		}
		if bytes.IndexByte(buf[seen:], '\n') >= 0 || len(buf) > m.lim.Row {
			return buf, nil
		}
		seen = len(buf)
	}
}

// hand hands on the pieces in their order.
func (m *marker) hand(ctx context.Context, order <-chan *piece) error {
	for p := range order {
		select {
		case <-p.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if p.bad { // again, now that the number of its lines is known
			s := newMarkReader(m.file, 0)
			s.before = m.line
			return s.parse(p, m.lim)
		}
		for i := range p.block.Marks {
			p.block.Marks[i].Line += int32(m.line)
		}
		m.line += p.lines
		if len(p.block.Marks) > 0 {
			p.block.File = m.member
			if err := m.fn(&p.block); err != nil {
				return err
			}
			select {
			case m.used <- p.block.Marks[:0]:
			default:
			}
		}
		switch {
		case p.err != nil:
			return atLine(p.err, m.file, m.line+1)
		case p.wide:
			return errs.At(m.file, m.line+1, m.lim.Row, "line is longer than %d bytes", m.lim.Row)
		}
	}
	return context.Cause(ctx)
}

// csv reads a table of spans, which are parsed one after another.
func (m *marker) csv(r io.Reader) error {
	s := newMarkReader(m.file, 0)
	give := func() error {
		b := s.take()
		b.File = m.member
		return m.fn(&b)
	}
	err := s.csv(r, m.lim, func(sp *Span) error {
		s.add(sp.Line)
		if len(s.marks) < csvBlock {
			return nil
		}
		return give()
	})
	if err != nil || len(s.marks) == 0 {
		return err
	}
	return give()
}

// csvBlock is how many spans of a table make a block.
const csvBlock = 1024

// markReader makes marks of spans.
type markReader struct {
	spanReader
	marks  []Mark
	before int // lines before those of a piece, where they are known
	bytes  int // that a span of the last piece took; 0: there was none
}

func newMarkReader(file string, list uint64) *markReader {
	s := &markReader{spanReader: spanReader{file: file, names: make(interner), list: newTextList(list)}}
	s.begin()
	return s
}

// begin begins a block.
func (s *markReader) begin() {
	if s.list.full() {
		s.list = newTextList(s.list.id + 1)
	}
	s.marks, s.sets = nil, make([][]Attribute, 1)
	s.current++
}

// add puts the span at hand into the block.
func (s *markReader) add(line int) {
	m := s.mark
	m.Start, m.Duration, m.Kind, m.Failed = s.span.Start, s.span.Duration, s.span.Kind, s.span.Failed
	m.Line = int32(line)
	s.marks = append(s.marks, m)
}

// take is the block, once it is full; another is begun.
func (s *markReader) take() Block {
	b := Block{Marks: s.marks, Texts: s.list.texts, List: s.list.id, Attributes: s.sets}
	s.begin()
	return b
}

// usualSpan is about how many bytes a span is written in.
const usualSpan = 200

// parse makes a block of the lines of a piece. Where it is not known how many
// come before, lines are counted from the first of the piece.
func (s *markReader) parse(p *piece, lim Limits) error {
	l := lines{buf: p.data, end: len(p.data), eof: true, max: lim.Row, number: s.before}
	skip := 0
	if !p.first && s.before == 0 { // only the first line of a file has a byte order mark
		l.number, skip = 1, 1
	}
	if s.marks == nil {
		s.marks = make([]Mark, 0, len(p.data)/cmp.Or(s.bytes, usualSpan)+16)
	}
	err := eachLine(&l, s.file, func(c *cursor) error {
		if err := s.object(c); err != nil {
			return err
		}
		s.add(c.line - skip)
		return nil
	})
	if n := len(s.marks); n > 0 {
		s.bytes = len(p.data) / (n + n/32)
	}
	p.lines, p.block = l.number-skip, s.take()
	return err
}
