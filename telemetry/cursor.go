package telemetry

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"triagent/internal/errs"
)

// maxDepth bounds how deep arrays and objects may nest.
const maxDepth = 256

// cursor is a pull parser over one JSON document (RFC 8259) that keeps track of
// where it is, so that every error has a line and a column. Errors stick: after
// the first, all methods return zero values and more returns false.
type cursor struct {
	data  []byte
	pos   int
	file  string
	line  int // number of the first line of data
	err   error
	first bool // no element of the open container was read yet
	depth int
	tmp   []byte // unescaped text
}

// reset starts a new document.
func (c *cursor) reset(data []byte, file string, line int) {
	*c = cursor{data: data, file: file, line: line, tmp: c.tmp}
}

// fail records an error at byte offset at, unless there is one already.
func (c *cursor) fail(at int, format string, args ...any) {
	if c.err != nil {
		return
	}
	at = min(at, len(c.data))
	line := c.line + bytes.Count(c.data[:at], []byte{'\n'})
	col := at - bytes.LastIndexByte(c.data[:at], '\n')
	c.err = errs.At(c.file, line, col, format, args...)
	c.pos = len(c.data)
}

// ws skips blanks and returns the byte after them, 0 at the end.
func (c *cursor) ws() byte {
	for c.pos < len(c.data) {
		switch b := c.data[c.pos]; b {
		case ' ', '\t', '\n', '\r':
			c.pos++
		default:
			return b
		}
	}
	return 0
}

// found describes the next byte for an error.
func (c *cursor) found() string {
	switch b := c.ws(); {
	case c.pos >= len(c.data):
		return "the end"
	case b == '"':
		return "a string"
	case b == '{':
		return "an object"
	case b == '[':
		return "an array"
	case b == '-' || b-'0' <= 9:
		return "a number"
	default:
		r, _ := utf8.DecodeRune(c.data[c.pos:])
		return strconv.QuoteRune(r)
	}
}

// open enters the container that starts with ch, or fails saying that what
// should have been one. null is no container: see null.
func (c *cursor) open(ch byte, what string) bool {
	if c.err != nil {
		return false
	}
	if c.ws() != ch {
		kind := "an object"
		if ch == '[' {
			kind = "an array"
		}
		c.fail(c.pos, "%s must be %s, not %s", what, kind, c.found())
		return false
	}
	if c.depth++; c.depth > maxDepth {
		c.fail(c.pos, "nested deeper than %d", maxDepth)
		return false
	}
	c.pos++
	c.first = true
	return true
}

// more reports whether the container that ends with ch has another element, and
// leaves the container if not.
func (c *cursor) more(ch byte) bool {
	if c.err != nil {
		return false
	}
	b := c.ws()
	if b == ch {
		c.pos++
		c.depth--
		c.first = false
		return false
	}
	if !c.first {
		if b != ',' {
			c.fail(c.pos, "expected ',' or '%c', found %s", ch, c.found())
			return false
		}
		c.pos++
		c.ws()
	}
	c.first = false
	return true
}

// key reads a key and its colon. It is valid until the next string is read.
func (c *cursor) key() []byte {
	if c.ws() != '"' {
		c.fail(c.pos, "expected a key, found %s", c.found())
		return nil
	}
	k := c.scan()
	if c.ws() != ':' {
		c.fail(c.pos, "expected ':', found %s", c.found())
		return nil
	}
	c.pos++
	return k
}

// null reads a null if there is one.
func (c *cursor) null() bool {
	if c.ws() == 'n' && bytes.HasPrefix(c.data[c.pos:], []byte("null")) {
		c.pos += 4
		return true
	}
	return false
}

// str reads a string, or "" for null; what names it in errors. The result is
// valid until the next string is read.
func (c *cursor) str(what string) []byte {
	if c.ws() != '"' {
		if !c.null() {
			c.fail(c.pos, "%s must be a string, not %s", what, c.found())
		}
		return nil
	}
	return c.scan()
}

// scan reads the string at pos.
func (c *cursor) scan() []byte {
	from := c.pos + 1
	i := from
	for ; i+8 <= len(c.data); i += 8 {
		if n := plainBytes(binary.LittleEndian.Uint64(c.data[i:])); n < 8 {
			i += n
			break
		}
	}
	var or byte
	for ; i < len(c.data); i++ {
		b := c.data[i]
		or |= b
		switch {
		case b == '"':
			c.pos = i + 1
			return c.valid(c.data[from:i], or)
		case b == '\\':
			return c.unescape(from, i)
		case b < ' ':
			c.fail(i, "control character in a string")
			return nil
		}
	}
	c.fail(len(c.data), "a string does not end")
	return nil
}

// plainBytes returns how many bytes at the low end of w come before the first
// quotation mark, backslash, control character or byte beyond ASCII.
//
// Source: A. Mycroft's test for a zero byte in a word, as in H. S. Warren,
// "Hacker's Delight", section 6-1. Borrows can only mark bytes above a true hit.
func plainBytes(w uint64) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, slash := w^(ones*'"'), w^(ones*'\\')
	hit := (quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w | w
	return bits.TrailingZeros64(hit&tops) / 8
}

// valid replaces what is not UTF-8, given the disjunction of all bytes.
func (c *cursor) valid(b []byte, or byte) []byte {
	if or < utf8.RuneSelf || utf8.Valid(b) {
		return b
	}
	return bytes.ToValidUTF8(b, []byte("\ufffd"))
}

// unescape reads on from the first backslash, at i, of the string from.
func (c *cursor) unescape(from, i int) []byte {
	c.tmp = append(c.tmp[:0], c.data[from:i]...)
	for i < len(c.data) {
		b := c.data[i]
		switch {
		case b == '"':
			c.pos = i + 1
			return c.valid(c.tmp, utf8.RuneSelf)
		case b < ' ':
			c.fail(i, "control character in a string")
			return nil
		case b != '\\':
			c.tmp = append(c.tmp, b)
			i++
		default:
			if i = c.escape(i + 1); i < 0 {
				return nil
			}
		}
	}
	c.fail(len(c.data), "a string does not end")
	return nil
}

// escape reads the escape sequence whose letter is at i and returns the offset
// after it, or -1 after an error.
func (c *cursor) escape(i int) int {
	if i >= len(c.data) {
		c.fail(i, "a string does not end")
		return -1
	}
	if k := strings.IndexByte(`"\/bfnrt`, c.data[i]); k >= 0 {
		c.tmp = append(c.tmp, "\"\\/\b\f\n\r\t"[k])
		return i + 1
	}
	r, ok := c.hex4(i)
	if !ok {
		c.fail(i, "no such escape in a string")
		return -1
	}
	i += 5
	if utf16.IsSurrogate(r) {
		low, ok := rune(0), false
		if i < len(c.data) && c.data[i] == '\\' {
			low, ok = c.hex4(i + 1)
		}
		if r = utf16.DecodeRune(r, low); ok && r != utf8.RuneError {
			i += 6
		}
	}
	c.tmp = utf8.AppendRune(c.tmp, r)
	return i
}

// hex4 reads "uXXXX" at i.
func (c *cursor) hex4(i int) (rune, bool) {
	if i+5 > len(c.data) || c.data[i] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(c.data[i+1:i+5]), 16, 32)
	return rune(n), err == nil
}
