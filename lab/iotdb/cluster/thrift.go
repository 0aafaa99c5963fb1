package cluster

import (
	"encoding/binary"
	"errors"
	"math"
)

// The types of Thrift's binary protocol.
const (
	thriftStop   = 0
	thriftBool   = 2
	thriftByte   = 3
	thriftDouble = 4
	thriftI16    = 6
	thriftI32    = 8
	thriftI64    = 10
	thriftString = 11
	thriftStruct = 12
	thriftMap    = 13
	thriftSet    = 14
	thriftList   = 15
)

// encoder writes Thrift's binary protocol.
type encoder struct{ b []byte }

func (e *encoder) i32(v int) { e.b = binary.BigEndian.AppendUint32(e.b, uint32(v)) }
func (e *encoder) i64(v int64) {
	e.b = binary.BigEndian.AppendUint64(e.b, uint64(v))
}

func (e *encoder) text(s string) {
	e.i32(len(s))
	e.b = append(e.b, s...)
}

func (e *encoder) field(kind byte, id int) { e.b = append(e.b, kind, byte(id>>8), byte(id)) }

func (e *encoder) fieldI32(id, v int) {
	e.field(thriftI32, id)
	e.i32(v)
}

func (e *encoder) fieldI64(id int, v int64) {
	e.field(thriftI64, id)
	e.i64(v)
}

func (e *encoder) fieldText(id int, s string) {
	e.field(thriftString, id)
	e.text(s)
}

func (e *encoder) stop() { e.b = append(e.b, thriftStop) }

// decoder reads Thrift's binary protocol. After an error it reads zeros.
type decoder struct {
	b   []byte
	err error
}

var errThrift = errors.New("an answer that is no Thrift")

func (d *decoder) take(n int) []byte {
	if d.err == nil && (n < 0 || n > len(d.b)) {
		d.err = errThrift
	}
	if d.err != nil {
		return make([]byte, min(max(n, 8), 8))
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) i32() int { return int(int32(binary.BigEndian.Uint32(d.take(4)))) }

// value reads a value of a type: bool, int64, float64, string, []any or
// map[int]any for a struct.
func (d *decoder) value(kind byte, depth int) any {
	if depth > 16 {
		d.err = errThrift
	}
	if d.err != nil {
		return nil
	}
	switch kind {
	case thriftBool, thriftByte:
		return int64(d.take(1)[0])
	case thriftDouble:
		return math.Float64frombits(binary.BigEndian.Uint64(d.take(8)))
	case thriftI16:
		return int64(int16(binary.BigEndian.Uint16(d.take(2))))
	case thriftI32:
		return int64(d.i32())
	case thriftI64:
		return int64(binary.BigEndian.Uint64(d.take(8)))
	case thriftString:
		return string(d.take(d.i32()))
	case thriftStruct:
		return d.fields(depth)
	case thriftMap:
		return d.pairs(depth)
	case thriftSet, thriftList:
		of, n := d.take(1)[0], d.i32()
		var out []any
		for i := 0; i < n && d.err == nil; i++ {
			out = append(out, d.value(of, depth+1))
		}
		return out
	}
	d.err = errThrift
	return nil
}

// fields reads a struct by the numbers of its fields.
func (d *decoder) fields(depth int) map[int]any {
	out := make(map[int]any)
	for d.err == nil {
		kind := d.take(1)[0]
		if kind == thriftStop {
			break
		}
		id := int(binary.BigEndian.Uint16(d.take(2)))
		out[id] = d.value(kind, depth+1)
	}
	return out
}

// pairs reads a map as its keys and values, one after the other.
func (d *decoder) pairs(depth int) []any {
	key, val, n := d.take(1)[0], d.take(1)[0], d.i32()
	var out []any
	for i := 0; i < n && d.err == nil; i++ {
		out = append(out, d.value(key, depth+1), d.value(val, depth+1))
	}
	return out
}
