package telemetry

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// fastHead reads the layout that most Java services write, without a step for
// each thing that a header may hold:
//
//	2023-10-27 20:56:50,020 [main] INFO  o.a.i.ConfigNode:105 - message
//
// It reports false, with h spoilt, for all else, which the general parser reads;
// what both read, they read alike.
func fastHead(line []byte, h *Head) bool {
	if !usualStamp(line, &h.Stamp) {
		p := stampParser{b: line[:min(len(line), 64)]}
		if !p.iso() || !p.inRange() {
			return false
		}
		h.Stamp = p.s
		h.Stamp.N = p.i
	}
	level, from, to := afterStamp(line, h.Stamp.N)
	if to == 0 {
		return false
	}
	h.TimeTo = h.Stamp.N
	h.LoggerFrom, h.LogTo = from, to
	colon := to - 1
	for colon > from && line[colon]-'0' <= 9 {
		colon--
	}
	if colon > from && line[colon] == ':' {
		h.LogTo = colon
	}
	h.Level, h.levelled, h.anchored = level, true, true
	h.BodyFrom = skipBlank(line, to+2)
	return true
}

// fastBody returns where the message starts in a line that fastHead reads and
// whose stamp has the usual form, 0 for all else.
func fastBody(line []byte) int {
	var s Stamp
	if !usualStamp(line, &s) {
		return 0
	}
	if _, _, to := afterStamp(line, s.N); to > 0 {
		return skipBlank(line, to+2)
	}
	return 0
}

// afterStamp reads the thread, the level and the logger of line after a stamp
// that ends at i, up to the hyphen. The logger is from:to; 0 for another layout.
func afterStamp(line []byte, i int) (level Level, from, to int) {
	if i+8 > len(line) || line[i] != ' ' || line[i+1] != '[' {
		return 0, 0, 0
	}
	i += 2
	n := nameEnd(line[i:min(len(line), i+151)])
	if n < 0 || line[i+n] != ']' {
		return 0, 0, 0
	}
	if n <= 11 {
		if _, ok := levelOf(bytes.TrimSpace(line[i : i+n])); ok {
			return 0, 0, 0
		}
	}
	i += n + 1
	if i+8 > len(line) || line[i] != ' ' {
		return 0, 0, 0
	}
	level, size := longLevel(line[i+1:])
	if size == 0 {
		return 0, 0, 0
	}
	from = skipBlank(line, i+1+size)
	to = wordEnd(line, from)
	if to-from < 2 || to+2 >= len(line) || line[to] != ' ' || line[to+1] != '-' || line[to+2] > ' ' || line[to-1] == ':' ||
		line[to-1] == ']' || line[from]-'0' <= 9 || !isWord(line[from]) {
		return 0, 0, 0
	}
	return level, from, to
}

const (
	ones = 0x0101010101010101
	high = 0x80 * ones
)

const usualLen = len("2023-10-27 20:56:50,020")

// usualStamp reads a stamp like the one above, within range and with " [" after
// it, eight bytes at a time: with the lowest digits and the marks taken away, no
// byte is more than 9, or 0.
func usualStamp(line []byte, s *Stamp) bool {
	if len(line) < usualLen+2 || line[usualLen] != ' ' || line[usualLen+1] != '[' {
		return false
	}
	date := binary.LittleEndian.Uint64(line) ^ 0x2d30302d30303030               // 0000-00-
	hour := binary.LittleEndian.Uint64(line[8:]) ^ 0x30303a3030203030           // 00 00:00
	secs := binary.LittleEndian.Uint64(line[15:])&^(2<<32) ^ 0x3030302c30303a30 // 0:00,000
	wrong := date | (date + 0x7f76767f76767676) |
		hour | (hour + 0x76767f76767f7676) |
		secs | (secs + 0x7676767f76767f76)
	if wrong&high != 0 {
		return false
	}
	s.Year = 100*twoDigits(date) + twoDigits(date>>16)
	s.Month, s.Day = twoDigits(date>>40), twoDigits(hour)
	s.Hour, s.Minute, s.Sec = twoDigits(hour>>24), twoDigits(hour>>48), twoDigits(secs>>16)
	s.Nanos = (10*int32(twoDigits(secs>>40)) + int32(secs>>56)) * 1e6
	s.N = usualLen
	return uint16(s.Month-1) < 12 && uint16(s.Day-1) < 31 && s.Hour < 24 && s.Minute < 60 && s.Sec < 61
}

// twoDigits reads the number of the lowest two bytes of x.
func twoDigits(x uint64) int16 { return int16(x&15*10 + x>>8&15) }

// nameEnd returns the place of the first of [, ] and : in name, -1 if it has
// none.
func nameEnd(name []byte) int {
	i := 0
	for ; i+8 <= len(name); i += 8 {
		x := binary.LittleEndian.Uint64(name[i:])
		open, shut, colon := x^'['*ones, x^']'*ones, x^':'*ones
		// The lowest bit of each is right: a carry comes only from a match below.
		if m := ((open-ones)&^open | (shut-ones)&^shut | (colon-ones)&^colon) & high; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(name); i++ {
		if c := name[i]; c == '[' || c == ']' || c == ':' {
			return i
		}
	}
	return -1
}

// longLevel reads a level in capitals and the blank after it and returns its
// length, 0 if there is none.
func longLevel(b []byte) (Level, int) {
	if len(b) < 6 {
		return NoLevel, 0
	}
	switch {
	case string(b[:5]) == "INFO ":
		return Info, 4
	case string(b[:5]) == "WARN ":
		return Warn, 4
	case b[5] != ' ':
	case string(b[:5]) == "DEBUG":
		return Debug, 5
	case string(b[:5]) == "ERROR":
		return Error, 5
	case string(b[:5]) == "TRACE":
		return Trace, 5
	case string(b[:5]) == "FATAL":
		return Fatal, 5
	}
	return NoLevel, 0
}

// wordEnd returns the place of the first blank, control byte or | of line at
// from or after it, eight bytes at a time.
func wordEnd(line []byte, from int) int {
	i := from
	for ; i+8 <= len(line); i += 8 {
		x := binary.LittleEndian.Uint64(line[i:])
		bar := x ^ '|'*ones
		// The lowest bit of each is right: a carry comes only from a match below.
		if m := (x-(' '+1)*ones)&^x&high | (bar-ones)&^bar&high; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for i < len(line) && line[i] > ' ' && line[i] != '|' {
		i++
	}
	return i
}
