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
	p := stampParser{b: line[:min(len(line), 64)]}
	if !p.iso() || !p.inRange() {
		return false
	}
	i := p.i
	if i+8 > len(line) || line[i] != ' ' || line[i+1] != '[' {
		return false
	}
	n := bytes.IndexByte(line[i+2:], ']')
	if n < 0 || n > 150 || bytes.IndexByte(line[i+2:i+2+n], '[') >= 0 || bytes.IndexByte(line[i+2:i+2+n], ':') >= 0 {
		return false
	}
	if n <= 11 {
		if _, ok := levelOf(bytes.TrimSpace(line[i+2 : i+2+n])); ok {
			return false
		}
	}
	h.Stamp, h.TimeTo = p.s, i
	h.Stamp.N = i
	i += n + 3
	if i+8 > len(line) || line[i] != ' ' {
		return false
	}
	level, size := longLevel(line[i+1:])
	if size == 0 {
		return false
	}
	i = skipBlank(line, i+1+size)
	from := i
	i = wordEnd(line, i)
	if i-from < 2 || i+2 >= len(line) || line[i] != ' ' || line[i+1] != '-' || line[i+2] > ' ' || line[i-1] == ':' ||
		line[i-1] == ']' || line[from]-'0' <= 9 || !isWord(line[from]) {
		return false
	}
	h.LoggerFrom, h.LogTo = from, i
	colon := i - 1
	for colon > from && line[colon]-'0' <= 9 {
		colon--
	}
	if colon > from && line[colon] == ':' {
		h.LogTo = colon
	}
	h.Level, h.levelled, h.anchored = level, true, true
	h.BodyFrom = skipBlank(line, i+2)
	return true
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
	const ones, high = 0x0101010101010101, 0x8080808080808080
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
