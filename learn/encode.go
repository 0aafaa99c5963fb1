package learn

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"triagent/internal/errs"
)

// A forest in bytes: the magic, then as unsigned varints its version and the
// numbers of features, classes and trees; each tree as the number of its nodes
// and its nodes in preorder (feature plus 1, or 0 for a leaf; a split has its
// cut in 8 bytes and the index of its right child, a leaf its votes in 4 bytes
// each); last the CRC-32 of all before, in 4 bytes. Fixed numbers are
// little-endian.
const (
	magic         = "TRGF"
	forestVersion = 1
)

// MarshalBinary writes a forest. Equal forests give equal bytes.
func (f *Forest) MarshalBinary() ([]byte, error) {
	out := []byte(magic)
	for _, n := range []int{forestVersion, f.features, f.classes, len(f.trees)} {
		out = binary.AppendUvarint(out, uint64(n))
	}
	for i := range f.trees {
		t := &f.trees[i]
		out = binary.AppendUvarint(out, uint64(len(t.nodes)))
		for _, n := range t.nodes {
			out = binary.AppendUvarint(out, uint64(n.feature+1))
			if n.feature >= 0 {
				out = binary.LittleEndian.AppendUint64(out, math.Float64bits(n.cut))
				out = binary.AppendUvarint(out, uint64(n.next))
				continue
			}
			for _, v := range t.votes[n.next : int(n.next)+f.classes] {
				out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
			}
		}
	}
	return binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out)), nil
}

// UnmarshalBinary reads what MarshalBinary wrote. The bytes are not trusted:
// what is no forest, or of another version, gives an error of kind Invalid, and
// memory stays in proportion to the bytes that are there.
func (f *Forest) UnmarshalBinary(data []byte) error {
	end := len(data) - 4
	if end < len(magic) || string(data[:len(magic)]) != magic || binary.LittleEndian.Uint32(data[end:]) != crc32.ChecksumIEEE(data[:end]) {
		return errs.New(errs.Invalid, "not a forest, or a damaged one")
	}
	d := &decoder{data: data[len(magic):end]}
	if v := d.number(math.MaxInt32); v != forestVersion {
		return errs.New(errs.Invalid, "a forest of version %d, want %d", v, forestVersion)
	}
	out := Forest{features: d.number(MaxFeatures), classes: d.number(MaxClasses)}
	trees := d.number(maxTrees)
	for range trees {
		out.trees = append(out.trees, d.tree(out.features, out.classes))
		if d.bad {
			break
		}
	}
	if d.bad || len(d.data) > 0 || trees == 0 || out.features == 0 || out.classes == 0 {
		return errs.New(errs.Invalid, "a forest that does not hang together")
	}
	*f = out
	return nil
}

// decoder reads from the front of data. Once bad, all it reads is 0.
type decoder struct {
	data []byte
	bad  bool
}

// number reads one of at most most.
func (d *decoder) number(most int) int {
	v, n := binary.Uvarint(d.data)
	if d.bad || n <= 0 || v > uint64(most) {
		d.bad = true
		return 0
	}
	d.data = d.data[n:]
	return int(v)
}

// bytes reads so many.
func (d *decoder) bytes(n int) []byte {
	if d.bad || len(d.data) < n {
		d.bad = true
		return make([]byte, n)
	}
	out := d.data[:n]
	d.data = d.data[n:]
	return out
}

// tree reads one, in which every path must end in a leaf: a child comes after
// its parent, and the last node is no split.
func (d *decoder) tree(features, classes int) tree {
	var t tree
	n := d.number(len(d.data)) // a node takes a byte or more
	for i := range n {
		feature := d.number(features) - 1
		if feature < 0 {
			t.nodes = append(t.nodes, node{feature: -1, next: int32(len(t.votes))})
			d.votes(&t, classes)
		} else {
			cut := math.Float64frombits(binary.LittleEndian.Uint64(d.bytes(8)))
			next := d.number(n - 1)
			t.nodes = append(t.nodes, node{feature: int32(feature), cut: cut, next: int32(next)})
			if next <= i+1 || math.IsNaN(cut) {
				d.bad = true
			}
		}
		if d.bad {
			return t
		}
	}
	if n == 0 || t.nodes[n-1].feature >= 0 {
		d.bad = true
	}
	return t
}

// votes reads those of a leaf: shares that come to 1.
func (d *decoder) votes(t *tree, classes int) {
	var sum float64
	for range classes {
		v := math.Float32frombits(binary.LittleEndian.Uint32(d.bytes(4)))
		if d.bad || !(v >= 0 && v <= 1) {
			d.bad = true
			return
		}
		sum += float64(v)
		t.votes = append(t.votes, v)
	}
	if math.Abs(sum-1) > 1e-3 {
		d.bad = true
	}
}
