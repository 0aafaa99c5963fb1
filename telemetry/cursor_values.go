package telemetry

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// number reads the text of a number.
func (c *cursor) number(what string) []byte {
	b := c.ws()
	if b != '-' && b-'0' > 9 {
		c.fail(c.pos, "%s must be a number, not %s", what, c.found())
		return nil
	}
	from := c.pos
	for c.pos < len(c.data) && isNumeric(c.data[c.pos]) {
		c.pos++
	}
	t := c.data[from:c.pos]
	if !jsonNumber(t) {
		c.fail(from, "%s must be a number, not %q", what, t)
		return nil
	}
	return t
}

func isNumeric(b byte) bool {
	return b-'0' <= 9 || b == '-' || b == '+' || b == '.' || b == 'e' || b == 'E'
}

// jsonNumber checks the grammar of RFC 8259, section 6.
func jsonNumber(t []byte) bool {
	t = bytes.TrimPrefix(t, []byte("-"))
	n := leadingDigits(t)
	if n == 0 || (n > 1 && t[0] == '0') {
		return false
	}
	if t = t[n:]; len(t) > 0 && t[0] == '.' {
		if n = leadingDigits(t[1:]); n == 0 {
			return false
		}
		t = t[1+n:]
	}
	if len(t) > 0 && t[0]|0x20 == 'e' {
		if t = t[1:]; len(t) > 0 && (t[0] == '+' || t[0] == '-') {
			t = t[1:]
		}
		if n = leadingDigits(t); n == 0 {
			return false
		}
		t = t[n:]
	}
	return len(t) == 0
}

func leadingDigits(t []byte) int {
	n := 0
	for n < len(t) && t[n]-'0' <= 9 {
		n++
	}
	return n
}

// integer reads a whole number; null gives 0.
func (c *cursor) integer(what string) int64 {
	if c.null() {
		return 0
	}
	from := c.pos
	var u uint64
	i := from
	for ; i < len(c.data) && i-from < 19 && c.data[i]-'0' <= 9; i++ {
		u = u*10 + uint64(c.data[i]-'0')
	}
	if i > from && i < len(c.data) && u <= math.MaxInt64 && (c.data[from] != '0' || i == from+1) && (c.data[i] == ',' || c.data[i] == '}') {
		c.pos = i
		return int64(u)
	}
	t := c.number(what)
	if c.err != nil {
		return 0
	}
	if v, ok := parseInt(t); ok {
		return v
	}
	f, err := strconv.ParseFloat(string(t), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		c.fail(from, "%s must be a whole number, not %s", what, t)
		return 0
	}
	return int64(f)
}

// parseInt reads an optional minus and up to 18 digits.
func parseInt(t []byte) (v int64, ok bool) {
	neg := len(t) > 0 && t[0] == '-'
	if neg {
		t = t[1:]
	}
	if len(t) == 0 || len(t) > 19 {
		return 0, false
	}
	var u uint64
	for _, b := range t {
		if b-'0' > 9 {
			return 0, false
		}
		u = u*10 + uint64(b-'0')
	}
	if u > math.MaxInt64 {
		return 0, false
	}
	if neg {
		return -int64(u), true
	}
	return int64(u), true
}

// boolean reads true or false; null gives false.
func (c *cursor) boolean(what string) bool {
	c.ws()
	rest := c.data[c.pos:]
	switch {
	case c.null():
	case bytes.HasPrefix(rest, []byte("true")):
		c.pos += 4
		return true
	case bytes.HasPrefix(rest, []byte("false")):
		c.pos += 5
	default:
		c.fail(c.pos, "%s must be true or false, not %s", what, c.found())
	}
	return false
}

// skip reads any value and returns its text.
func (c *cursor) skip() []byte {
	from, depth := c.pos, c.depth
	switch b := c.ws(); {
	case b == '"':
		from = c.pos
		c.scan()
	case b == '{':
		from = c.pos
		for c.open('{', "value"); c.more('}'); {
			c.key()
			c.skip()
		}
	case b == '[':
		from = c.pos
		for c.open('[', "value"); c.more(']'); {
			c.skip()
		}
	case b == '-' || b-'0' <= 9:
		from = c.pos
		c.number("value")
	case b == 't' || b == 'f':
		from = c.pos
		c.boolean("value")
	case b == 'n' && c.null():
		from = c.pos - 4
	default:
		c.fail(c.pos, "expected a value, found %s", c.found())
	}
	if c.err != nil {
		return nil
	}
	c.depth = depth
	return c.data[from:c.pos]
}

// text reads any value: a string as its content, null as nothing, all else as
// the JSON text that it is.
func (c *cursor) text() []byte {
	if b := c.ws(); b == '"' {
		return c.scan()
	} else if b == 'n' && c.null() {
		return nil
	}
	return c.skip()
}

// instant reads a time in Unix nanoseconds: an RFC 3339 string or an integer,
// see unixNano. ok is false for null. A string without a zone is read in zone,
// and is an error if that is nil.
func (c *cursor) instant(what string, zone *time.Location) (ns int64, ok bool) {
	if c.null() {
		return 0, false
	}
	if c.ws() != '"' {
		from := c.pos
		if ns, ok = unixNano(c.integer(what)); !ok {
			c.fail(from, "%s %s", what, farTime)
		}
		return ns, c.err == nil
	}
	from := c.pos
	t := c.scan()
	if c.err != nil {
		return 0, false
	}
	ns, problem := parseInstant(t, zone)
	if problem != "" {
		c.fail(from, "%s %q %s", what, t, problem)
		return 0, false
	}
	return ns, true
}

// instantUTC is instant as a time.Time; null gives the zero time.
func (c *cursor) instantUTC(what string) time.Time {
	ns, ok := c.instant(what, nil)
	if !ok {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

// end checks that nothing follows the document.
func (c *cursor) end() error {
	if c.ws(); c.err == nil && c.pos < len(c.data) {
		c.fail(c.pos, "unexpected %s after the end of the document", c.found())
	}
	return c.err
}
