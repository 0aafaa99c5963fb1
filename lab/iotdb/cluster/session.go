package cluster

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net"
	"time"

	"triagent/internal/errs"
)

// session is a connection of a client to a DataNode over Thrift, as IoTDB's own
// clients have one. It is for one goroutine. After an error it is of no more use.
type session struct {
	conn      net.Conn
	id        int64
	statement int64
	calls     int
}

// longestAnswer bounds an answer, in bytes.
const longestAnswer = 64 << 20

// patience is how long a call may take.
const patience = 20 * time.Second

// dial opens a session.
func dial(ctx context.Context, addr string) (*session, error) {
	d := net.Dialer{Timeout: 5 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return s, nil
}

func (s *session) close() { _ = s.conn.Close() } // nothing is buffered

func (s *session) open(ctx context.Context) error {
	got, err := s.call(ctx, "openSession", func(e *encoder) {
		e.field(thriftStruct, 1)
		e.fieldI32(1, 2) // third version of the protocol
		e.fieldText(2, "UTC")
		e.fieldText(3, "root")
		e.fieldText(4, "root")
		e.stop()
	})
	if err != nil {
		return err
	}
	answer, _ := got.(map[int]any)
	if err := succeeded(answer[1]); err != nil {
		return err
	}
	s.id, _ = answer[3].(int64)
	got, err = s.call(ctx, "requestStatementId", func(e *encoder) { e.fieldI64(1, s.id) })
	s.statement, _ = got.(int64)
	return err
}

// insert writes a tablet of doubles.
func (s *session) insert(ctx context.Context, t *Tablet) error {
	var times, values []byte
	for _, at := range t.Timestamps {
		times = binary.BigEndian.AppendUint64(times, uint64(at))
	}
	for _, column := range t.Values {
		for _, v := range column {
			values = binary.BigEndian.AppendUint64(values, math.Float64bits(v))
		}
	}
	got, err := s.call(ctx, "insertTablet", func(e *encoder) {
		e.field(thriftStruct, 1)
		e.fieldI64(1, s.id)
		e.fieldText(2, t.Device)
		e.field(thriftList, 3)
		e.b = append(e.b, thriftString)
		e.i32(len(t.Measurements))
		for _, m := range t.Measurements {
			e.text(m)
		}
		e.fieldText(4, string(values))
		e.fieldText(5, string(times))
		e.field(thriftList, 6)
		e.b = append(e.b, thriftI32)
		e.i32(len(t.Measurements))
		for range t.Measurements {
			e.i32(4) // DOUBLE
		}
		e.fieldI32(7, len(t.Timestamps))
		e.stop()
	})
	if err != nil {
		return err
	}
	return succeeded(got)
}

// query runs a query and drops its rows.
func (s *session) query(ctx context.Context, sql string) error {
	got, err := s.call(ctx, "executeQueryStatementV2", func(e *encoder) {
		e.field(thriftStruct, 1)
		e.fieldI64(1, s.id)
		e.fieldText(2, sql)
		e.fieldI64(3, s.statement)
		e.fieldI32(4, 1000)
		e.stop()
	})
	if err != nil {
		return err
	}
	answer, _ := got.(map[int]any)
	return succeeded(answer[1])
}

// succeeded looks at a status: 200, or 400, which recommends another node for the
// next time.
func succeeded(status any) error {
	st, _ := status.(map[int]any)
	code, ok := st[1].(int64)
	if !ok {
		return errThrift
	}
	if code != 200 && code != 400 {
		return errs.New(errs.Unavailable, "code %d: %v", code, st[2])
	}
	return nil
}

// call calls a method with the fields of its arguments and returns its result.
func (s *session) call(ctx context.Context, method string, args func(*encoder)) (any, error) {
	s.calls++
	e := &encoder{b: make([]byte, 4, 1024)} // the length goes in front
	e.i32(-2147418111)                      // 0x80010001: a call
	e.text(method)
	e.i32(s.calls)
	args(e)
	e.stop()
	binary.BigEndian.PutUint32(e.b, uint32(len(e.b)-4))
	until := time.Now().Add(patience)
	if d, ok := ctx.Deadline(); ok && d.Before(until) {
		until = d
	}
	if err := s.conn.SetDeadline(until); err != nil {
		return nil, err
	}
	if _, err := s.conn.Write(e.b); err != nil {
		return nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(s.conn, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > longestAnswer {
		return nil, errThrift
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(s.conn, b); err != nil {
		return nil, err
	}
	d := &decoder{b: b}
	kind := d.i32() & 0xff
	d.take(d.i32()) // its name
	d.i32()         // its number
	out := d.fields(0)
	if d.err == nil && kind != 2 { // an exception
		d.err = errs.New(errs.Unavailable, "%s: %v", method, out[1])
	}
	return out[0], d.err
}
