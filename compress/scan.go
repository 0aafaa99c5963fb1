package compress

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// A scanner cuts a message into tokens and hashes it with its variable parts
// masked, in one pass over its bytes. Two messages with the same hash have the
// same words, separators and kinds of variable parts in the same order; 64 bits
// make an accidental clash negligible.
type scanner struct {
	toks [maxTokens]token
	n    int    // tokens in use
	h    uint64 // hash of all tokens
	pre  uint64 // hash before the last variable part
	post uint64 // hash after the last variable part, before what follows
	last int    // index of the last variable part, -1 for none
	list int    // variable parts in a row, separated by a blank or a comma and a blank
	own  bool   // the outline of the message does not tell its hash
}

// token is one piece of a message: bytes from:to of what was scanned.
type token struct {
	from, to int32
	kind     kind
}

type kind uint8

const (
	wordToken  kind = iota // letters: constant unless merging says otherwise
	sepToken               // punctuation: always constant
	spaceToken             // one or more blanks, written as one
	varToken               // masked: number, address, path ...
	dateToken              // masked: 2023-10-27
	clockToken             // masked: 20:56:50
)

const (
	maxTokens = 384 // what lies beyond is one variable part
	maxList   = 8   // a longer row of variable parts is cut to this many
)

// Classes of bytes, as bits that a field collects.
const (
	isDigit  = 1 << iota
	isHex    // a to f
	isLetter // g to z and beyond ASCII
	isSlash  // /
	isMark   // punctuation that may stand inside a word
	isBack   // a backslash
	isDelim  // ends a word
)

var class = func() (t [256]uint8) {
	for c := range 256 {
		switch {
		case c <= ' ' || c == 0x7f:
			t[c] = isDelim
		case c >= '0' && c <= '9':
			t[c] = isDigit
		case c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F':
			t[c] = isHex
		case c >= 'g' && c <= 'z' || c >= 'G' && c <= 'Z' || c >= 0x80:
			t[c] = isLetter
		case c == '/':
			t[c] = isSlash
		case c == '\\':
			t[c] = isBack
		default:
			t[c] = isMark
		}
	}
	for _, c := range []byte(",;=()[]{}<>\"'|:") {
		t[c] = isDelim
	}
	return t
}()

const (
	seed   = 0x9e3779b97f4a7c15
	prime  = 0xa0761d6478bd642f
	prime2 = 0xe7037ed1a0b428db
)

func mix(h, v uint64) uint64 {
	hi, lo := bits.Mul64(h^v, prime)
	return hi ^ lo
}

// turn hashes a separator after h. It must not be linear: rows of 64 would cancel.
func turn(h, v uint64) uint64 { return bits.RotateLeft64((h^v)*prime, 29) }

// secret begins the hashes of messages and outlines, and is another in each process:
// who writes lines cannot write one that passes for another. Which lines are told
// apart does not depend on it, nor does any order.
var secret = maphash.Comparable(maphash.MakeSeed(), 0)

// hashText hashes text from:to of b after h.
func hashText(h uint64, b []byte, from, to int) uint64 {
	n := to - from
	for n > 8 {
		h = mix(h, binary.LittleEndian.Uint64(b[from:]))
		from += 8
		n -= 8
	}
	var v uint64
	if from+8 <= len(b) {
		v = binary.LittleEndian.Uint64(b[from:]) & (^uint64(0) >> (64 - 8*uint(n)))
	} else {
		for k := n - 1; k >= 0; k-- {
			v = v<<8 | uint64(b[from+k])
		}
	}
	return mix(h, v^uint64(n)<<59^prime2)
}

// scan fills s.toks with the tokens of b and returns the masked hash. The hash
// and the count stay in registers: what needs more goes through run and quote.
func (s *scanner) scan(b []byte) uint64 {
	s.last, s.list, s.own = -1, 0, false
	h, n, quoted := secret, 0, false
	for i := 0; i < len(b); {
		if n > maxTokens-8 {
			s.n, s.h = n, h
			s.put(varToken, i, len(b))
			return s.h
		}
		c := b[i]
		if k := class[c]; k != isDelim {
			from, f := i, k
			for i++; i < len(b); i++ {
				k = class[b[i]]
				if k == isDelim {
					break
				}
				f |= k
			}
			if f&^(isHex|isLetter) == 0 && f&isLetter != 0 && (i == len(b) || b[i] != ':') {
				s.toks[n] = token{int32(from), int32(i), wordToken}
				n++
				h = hashText(h, b, from, i)
				continue
			}
			if f == isDigit && (s.last < 0 || n-s.last > 3) {
				s.n, s.h, s.list = n, h, 0
				s.put(s.shape(b, from, i), from, i)
				n, h = s.n, s.h
				continue
			}
			s.n, s.h = n, h
			i = s.run(b, from, i, f)
			n, h = s.n, s.h
			continue
		}
		if c > ' ' {
			if c == '"' && !quoted {
				s.n, s.h = n, h
				i, quoted = s.quote(b, i)
				n, h = s.n, s.h
				continue
			}
			quoted = quoted && c != '"'
			s.toks[n] = token{int32(i), int32(i + 1), sepToken}
			n++
			h = turn(h, uint64(c)*sepPrime)
			i++
			continue
		}
		from := i
		for i++; i < len(b) && b[i] <= ' '; i++ {
		}
		if n > 0 && i < len(b) {
			s.toks[n] = token{int32(from), int32(i), spaceToken}
			n++
			h = turn(h, blankHash)
		}
	}
	if n > 0 && s.toks[n-1].kind == spaceToken {
		n--
	}
	s.n, s.h = n, h
	return h
}

const (
	blankHash = 0x8ebc6af09c88c6e3
	sepPrime  = 0x589965cc75374cc3
)

// run adds what stands at from:i, of classes f, and returns the position after
// it.
func (s *scanner) run(b []byte, from, i int, f uint8) int {
	switch {
	case f == isHex && i-from == 2 && s.octet(b, from, i):
		s.variable(b, from, i)
	case f&^(isHex|isLetter) == 0 && (f&isLetter != 0 || i-from < 8):
		if i+1 < len(b) && b[i] == ':' && (b[i+1] == '/' || b[i+1] == '\\') {
			if j := address(b, from, i); j > 0 {
				s.put(varToken, from, j)
				return j
			}
		}
		s.word(b, from, i)
	case f == isDigit, f&isDigit != 0 && b[from]-'0' <= 9 && class[b[i-1]]&(isDigit|isHex|isLetter) != 0:
		s.variable(b, from, i)
	default:
		return s.field(b, from, i, f)
	}
	return i
}

// octet reports whether two hexadecimal letters are part of a row like
// ff:0a:9c, that is after a variable part and a colon, or before two more.
func (s *scanner) octet(b []byte, from, to int) bool {
	if s.last >= 0 && s.last == s.n-2 && from > 0 && b[from-1] == ':' {
		return true
	}
	if to+6 > len(b) || b[to] != ':' || b[to+3] != ':' {
		return false
	}
	s.own = true
	for _, k := range [4]int{1, 2, 4, 5} {
		if class[b[to+k]]&(isHex|isDigit) == 0 {
			return false
		}
	}
	return true
}

// quote takes an opening quotation mark. The value of key="..." and a long
// quotation are one variable part, but for one that opens the message and for
// the value of msg, as in logfmt lines: that is what the line says. It reports
// whether the quotation is open.
func (s *scanner) quote(b []byte, i int) (int, bool) {
	s.sep(i, i+1, '"')
	n := unquoted(b, i)
	if n <= 0 {
		return i + 1, n == 0
	}
	text := b[i+1 : i+1+n]
	value := i > 0 && b[i-1] == '='
	if said(b[:i]) {
		return i + 1, true
	}
	if value || (i > 0 && n > 24 && bytes.Count(text, space) > 4) {
		s.put(varToken, i+1, i+1+n)
		return i + 1 + n, true
	}
	return i + 1, true
}

// unquoted returns how many bytes follow the quotation mark at i until one like
// it, with a backslash before it or without, -1 if none does.
func unquoted(b []byte, i int) int {
	escaped := i > 0 && b[i-1] == '\\'
	for k := i + 1; k < len(b); k++ {
		n := bytes.IndexByte(b[k:], '"')
		if n < 0 {
			return -1
		}
		if k += n; (b[k-1] == '\\') == escaped {
			if escaped && k > i+1 {
				k--
			}
			return k - i - 1
		}
	}
	return -1
}

// said reports whether before ends with the key of a message.
func said(before []byte) bool {
	return bytes.HasSuffix(before, msgKey) || bytes.HasSuffix(before, messageKey)
}

var msgKey, messageKey = []byte("msg="), []byte("message=")

var space = []byte{' '}

func (s *scanner) sep(from, to int, c uint64) {
	s.toks[s.n] = token{int32(from), int32(to), sepToken}
	s.n++
	s.h = turn(s.h, c*sepPrime)
}

// marks takes punctuation around a word, byte by byte; what goes beyond the
// tokens is one variable part.
func (s *scanner) marks(b []byte, from, to int) {
	for ; from < to; from++ {
		if s.n >= maxTokens-4 {
			if s.n < maxTokens-2 {
				s.put(varToken, from, to)
			}
			return
		}
		s.sep(from, from+1, uint64(b[from]))
	}
}

func (s *scanner) word(b []byte, from, to int) {
	s.toks[s.n] = token{int32(from), int32(to), wordToken}
	s.n++
	s.h = hashText(s.h, b, from, to)
}

// put adds a variable part without looking at what stands before it.
func (s *scanner) put(k kind, from, to int) {
	s.toks[s.n] = token{int32(from), int32(to), k}
	s.pre = s.h
	s.h = mix(s.h, prime2+uint64(k))
	s.post = s.h
	s.last = s.n
	s.n++
}

// variable adds a variable part, or lengthens the one before: a:b and a,b of
// variable a and b are one, and so are lists of like things.
func (s *scanner) variable(b []byte, from, to int) {
	gap := s.n - s.last
	if s.last < 0 || gap > 3 || gap < 2 {
		s.list = 0
		s.put(s.shape(b, from, to), from, to)
		return
	}
	prev := &s.toks[s.last]
	sep := s.toks[s.last+1]
	if gap == 2 && sep.kind == sepToken && joins(b[sep.from]) {
		k := varToken
		if b[sep.from] == ':' && to-from >= 2 && b[from]-'0' <= 9 && sep.from-prev.from <= 2 {
			k = clockToken
		} else if prev.kind == clockToken {
			k = clockToken
		}
		s.extend(k, to)
		return
	}
	listed := gap == 2 && sep.kind == spaceToken ||
		gap == 3 && b[sep.from] == ',' && s.toks[s.last+2].kind == spaceToken
	if !listed {
		s.list = 0
		s.put(s.shape(b, from, to), from, to)
		return
	}
	if s.list++; s.list >= maxList || alike(b, int(prev.from), int(prev.to), from, to) {
		s.extend(varToken, to)
		return
	}
	s.put(s.shape(b, from, to), from, to)
}

// extend lengthens the last variable part and forgets what was put after it.
func (s *scanner) extend(k kind, to int) {
	t := &s.toks[s.last]
	t.to, t.kind = int32(to), k
	s.n = s.last + 1
	s.h = mix(s.pre, prime2+uint64(k))
	s.post = s.h
}

func joins(c byte) bool { return c == ':' || c == ',' }

// alike reports whether two variable parts start with the same three letters,
// as members of a list of blocks or tasks do.
func alike(b []byte, f1, t1, f2, t2 int) bool {
	if t1-f1 < 4 || t2-f2 < 4 {
		return false
	}
	for k := range 3 {
		c := b[f1+k]
		if c != b[f2+k] || class[c]&(isHex|isLetter) == 0 {
			return false
		}
	}
	return true
}

// shape tells dates from other numbers.
func (s *scanner) shape(b []byte, from, to int) kind {
	if n := to - from; (n == 10 || n == 8) && n > 4 {
		d := 4
		if n == 8 {
			d = 2
		}
		if c := b[from+d]; (c == '-' || c == '/' || c == '.') && b[from+d+3] == c {
			s.own = s.own || b[from]-'0' <= 9
			for k := from; k < to; k++ {
				if b[k]-'0' > 9 && b[k] != c {
					return varToken
				}
			}
			return dateToken
		}
	}
	return varToken
}
