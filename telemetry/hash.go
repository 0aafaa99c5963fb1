package telemetry

import "encoding/binary"

// HashID is a 64-bit hash of the ID of a span or trace: the same in every run, and
// 0 only for the empty one. It takes eight bytes at a time, each step with a
// multiplication by an odd number and a shift, which lose nothing: IDs of up to
// eight bytes and of one length never meet.
//
// Source: the multiplier is that of Knuth, "The Art of Computer Programming" 3,
// section 6.4, for words of 64 bits.
func HashID(s string) uint64 { return hashID(s) }

func hashID[T string | []byte](s T) uint64 {
	n := len(s)
	if n == 0 {
		return 0
	}
	h := uint64(n)
	var tail [8]byte
	for ; len(s) >= 8; s = s[8:] {
		copy(tail[:], s)
		h = (h ^ binary.LittleEndian.Uint64(tail[:])) * 0x9e3779b97f4a7c15
		h ^= h >> 32
	}
	tail = [8]byte{}
	copy(tail[:], s)
	h = (h ^ binary.LittleEndian.Uint64(tail[:])) * 0x9e3779b97f4a7c15
	h ^= h >> 32
	return h | 1<<63
}
