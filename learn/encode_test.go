package learn_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"reflect"
	"testing"

	"triagent/internal/errs"
	"triagent/learn"
)

func TestRoundTrip(t *testing.T) {
	f := grow(t, rings(120, 1), learn.ForestConfig{Trees: 7})
	data, err := f.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var back learn.Forest
	if err := back.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f, &back) {
		t.Error("what was read is not what was written")
	}
	again, _ := back.MarshalBinary()
	if !bytes.Equal(data, again) {
		t.Error("equal forests gave different bytes")
	}
}

// Whatever byte is changed, the forest is refused, also where the checksum was
// made to fit and the tree no longer hangs together.
func TestDamaged(t *testing.T) {
	f := grow(t, rings(30, 1), learn.ForestConfig{Trees: 1})
	data, _ := f.MarshalBinary()
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 0x40
		var back learn.Forest
		if err := back.UnmarshalBinary(bad); errs.KindOf(err) != errs.Invalid {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	for n := range len(data) - 4 {
		var back learn.Forest
		if err := back.UnmarshalBinary(sealed(data[:n])); errs.KindOf(err) != errs.Invalid {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
}

// sealed ends data with a checksum that fits.
func sealed(data []byte) []byte {
	return binary.LittleEndian.AppendUint32(bytes.Clone(data), crc32.ChecksumIEEE(data))
}

// A made-up forest never crashes, and one that is read can be asked.
func FuzzForest(f *testing.F) {
	for _, trees := range []int{1, 3} {
		data, _ := grow(f, rings(20, 1), learn.ForestConfig{Trees: trees}).MarshalBinary()
		f.Add(data[:len(data)-4])
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		var back learn.Forest
		if back.UnmarshalBinary(sealed(data)) == nil {
			back.Predict(make([]float64, back.Features()))
		}
	})
}
