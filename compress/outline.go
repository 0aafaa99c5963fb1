package compress

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"
)

// A hasher hashes messages with their variable parts masked, as its scanner
// does, but remembers the hashes of outlines, so that it scans few of them.
//
// The outline of a message is its text with 0 for each digit, and for each
// letter after a digit in a run of both that starts with a digit after a blank
// or one of :;<=>, as in "blk 0x8e069506". The scanner looks at their number and
// place, which two messages of one outline share, and tells the bytes from each
// other only where a word keeps its digits, and in dates and octets of
// hexadecimal digits. There it says so, and the hash is not kept.
//
// Where outlines hardly ever help, as where all messages hold jk2_init(), they are
// left alone for a while.
type hasher struct {
	scan   scanner
	seen   *outlines // may be shared
	looked int       // messages looked up in this trial
	found  int       // and found
	pause  int       // messages to scan at once before the next trial
}

// A trial looks messages up; if too few are found, many are not looked up. An
// outline costs a third of a scan, so it pays where more than that share is found.
const (
	trialLen   = 1024
	trialLeast = trialLen / 3
	trialPause = 15 * trialLen
)

func newHasher(o *outlines) *hasher { return &hasher{seen: o} }

// hash is the hash that scan.scan returns for b.
func (x *hasher) hash(b []byte) uint64 {
	if len(b) < 8 {
		return x.scan.scan(b)
	}
	if x.pause > 0 {
		x.pause--
		return x.scan.scan(b)
	}
	if x.looked == trialLen {
		if x.found < trialLeast {
			x.pause = trialPause
		}
		x.looked, x.found = 0, 0
	}
	x.looked++
	key := outline(b)
	h, ok := x.seen.get(key)
	if ok {
		x.found++
		return h
	}
	if h = x.scan.scan(b); !x.scan.own {
		x.seen.put(key, h)
	}
	return h
}

// outlines holds the hash of an outline in the place that the low bits of the
// outline say, in 256 KiB. It is safe for concurrent use without a lock: a key is
// stored in exclusive or with its hash, so one of another hash is not found.
type outlines [1 << 14]struct{ key, hash atomic.Uint64 }

func (o *outlines) get(key uint64) (h uint64, ok bool) {
	at := &o[key%uint64(len(o))]
	h = at.hash.Load()
	return h, at.key.Load()^h == key && key != 0
}

func (o *outlines) put(key, h uint64) {
	at := &o[key%uint64(len(o))]
	at.hash.Store(h)
	at.key.Store(key ^ h)
}

const (
	ones = 0x0101010101010101
	high = 0x80 * ones
)

// outline hashes the outline of b, of eight bytes or more, eight at a time, the
// first word filled up with zero bytes. What is said of a byte of a word is said
// by its high bit; along a run of letters and digits it goes by the carry of an
// addition.
func outline(b []byte) uint64 {
	h, run, before := secret+uint64(len(b)), uint64(0), uint64(isDelim)
	i := uint(len(b)-1)%8 + 1
	w := binary.LittleEndian.Uint64(b) << (64 - 8*i)
	for {
		x := w &^ high
		digit := (x + (0x80-'0')*ones) &^ (x + (0x80-':')*ones) &^ w & high
		if digit|run != 0 {
			delim := ((x+(0x80-':')*ones)&^(x+(0x80-'?')*ones) | ^(x + (0x80-'!')*ones)) &^ w
			start := (delim<<8 | before*(0x80/isDelim)) & digit
			x |= 0x20 * ones
			alnum := digit | (x+(0x80-'a')*ones)&^(x+(0x80-'{')*ones)&^w&high
			var rest uint64
			rest, run = bits.Add64(full(alnum), start>>7, run)
			zero := full(digit | alnum&^rest)
			w = w&^zero | zero&('0'*ones)
		}
		h = mix(h, w)
		if i > uint(len(b)-8) {
			return h
		}
		before = uint64(class[b[i-1]])
		w = binary.LittleEndian.Uint64(b[i : i+8 : len(b)])
		i += 8
	}
}

// full sets all bits of the bytes whose high bit is set in m, which has no others.
func full(m uint64) uint64 { return m<<1 - m>>7 }
