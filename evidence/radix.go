package evidence

import "math"

// radixFrom is the length from which a radix sort beats comparing.
const radixFrom = 192

// radixSort sorts x ascending, by the bytes of its numbers from the last to the
// first; bytes that all share are passed over. x holds no NaN, and a zero loses
// its sign.
//
// Source: Knuth, "The Art of Computer Programming" 3, section 5.2.5, algorithm R;
// the order of the bits of floating-point numbers after M. Herf, "Radix Tricks".
func radixSort(x []float64) {
	var room [2][2048]uint64
	n := len(x)
	from, to := room[0][:], room[1][:]
	if n > len(from) {
		both := make([]uint64, 2*n)
		from, to = both[:n], both[n:]
	}
	from, to = from[:n], to[:n]
	var count [8][256]uint32
	for i, v := range x {
		k := ordered(v)
		from[i] = k
		for b := range count {
			count[b][byte(k>>(8*b))]++
		}
	}
	for b := range count {
		shift := 8 * b
		c := &count[b]
		if c[byte(from[0]>>shift)] == uint32(n) {
			continue
		}
		at := uint32(0)
		for i, m := range c {
			c[i] = at
			at += m
		}
		for _, k := range from {
			p := &c[byte(k>>shift)]
			to[*p] = k
			*p++
		}
		from, to = to, from
	}
	for i, k := range from {
		x[i] = unordered(k)
	}
}

// ordered is a whole number that orders as v does.
func ordered(v float64) uint64 {
	if v == 0 {
		return 1 << 63
	}
	k := math.Float64bits(v)
	if k>>63 == 1 {
		return ^k
	}
	return k | 1<<63
}

func unordered(k uint64) float64 {
	if k>>63 == 1 {
		return math.Float64frombits(k &^ (1 << 63))
	}
	return math.Float64frombits(^k)
}
