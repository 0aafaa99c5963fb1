package telemetry

import (
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// carefully is a table that reads a line with care.
func carefully(p *table, line string) error {
	var r row
	if err := r.split([]byte(line), p.file, 2); err != nil {
		return err
	}
	return p.row(r.fields, 2)
}

func emptyTable(cols int, cells *atomic.Int64) *table {
	return &table{columns: make([]Column, cols), sorted: true, latest: math.MinInt64, back: time.Hour, cells: cells}
}

// A row that is read quickly is what it is when read with care, and a row that
// care refuses is not read quickly.
func TestQuick(t *testing.T) {
	cell := rapid.OneOf(
		rapid.SampledFrom([]string{"", "NaN", "-inf", "+1", "1e3", "-0", ".5", "5.", " 7", "1_0", "0x1", "12345678901234567890", "9007199254740993", "0.1", "--1", ".", "-", "\"3\"", "abc"}),
		rapid.Custom(func(t *rapid.T) string {
			return rapid.StringMatching(`-?[0-9]{1,12}(\.[0-9]{0,12})?`).Draw(t, "number")
		}),
	)
	rapid.Check(t, func(t *rapid.T) {
		var a, b atomic.Int64
		a.Store(rapid.Int64Range(0, 8).Draw(t, "left"))
		b.Store(a.Load())
		fields := append([]string{rapid.SampledFrom([]string{"1795229660000", "2026-11-20T10:00:00Z", "x", ""}).Draw(t, "time")},
			rapid.SliceOfN(cell, 0, 4).Draw(t, "cells")...)
		line := strings.Join(fields, ",")
		quick, careful := emptyTable(2, &a), emptyTable(2, &b)
		read := quick.quick([]byte(line), 2)
		err := carefully(careful, line)
		switch {
		case read && err != nil:
			t.Fatalf("%q is read, where care says %v", line, err)
		case !read && (len(quick.times) > 0 || quick.infinite > 0 || len(quick.chunks) > 0 && len(quick.chunks[0]) > 0):
			t.Fatalf("%q is not read, and leaves something", line)
		case !read:
			return
		}
		if a.Load() != b.Load() || quick.infinite != careful.infinite || quick.times[0] != careful.times[0] || quick.lines[0] != careful.lines[0] {
			t.Fatalf("%q: %+v, want %+v", line, quick, careful)
		}
		for i, v := range careful.chunks[0] {
			if math.Float64bits(quick.chunks[0][i]) != math.Float64bits(v) {
				t.Fatalf("%q: cell %d is %v, want %v", line, i, quick.chunks[0][i], v)
			}
		}
	})
}
