package data

import (
	"strings"

	"triagent/compress"
)

// hole stands for a variable part in holes.
const hole = 0

// holes is a template with one byte for each variable part.
func holes(template string) string { return strings.ReplaceAll(template, compress.Wild, "\x00") }

// common reports whether a text can be an instance of both templates a and b as
// holes writes them, where a hole stands for one byte or more. It may say so of
// templates that share none, but never misses any that do.
//
// It walks the pairs of places that a text can have reached in both, each once:
// O(len(a) len(b)) time and bits, and far less where constant parts differ.
func common(a, b string) bool {
	if !sameStart(a, b) || !sameEnd(a, b) {
		return false
	}
	w := walk{a: a, b: b, seen: make([]uint64, (2*(len(a)+1)*2*(len(b)+1)+63)/64)}
	w.reach(0, 0, false, false)
	for len(w.todo) > 0 {
		p := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		if p.i == len(a) && p.j == len(b) {
			return true
		}
		w.step(p)
	}
	return false
}

// sameStart compares what comes before the first hole of either.
func sameStart(a, b string) bool {
	for i := 0; i < len(a) && i < len(b) && a[i] != hole && b[i] != hole; i++ {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// sameEnd compares what comes behind the last hole of either.
func sameEnd(a, b string) bool {
	for i := 1; i <= len(a) && i <= len(b) && a[len(a)-i] != hole && b[len(b)-i] != hole; i++ {
		if a[len(a)-i] != b[len(b)-i] {
			return false
		}
	}
	return true
}

// spot is how far a text has come: i bytes of a and j of b are behind it. If
// inA, the last of a was a hole that may go on, and so for inB.
type spot struct {
	i, j     int
	inA, inB bool
}

type walk struct {
	a, b string
	seen []uint64
	todo []spot
}

// reach notes a spot that was not reached before.
func (w *walk) reach(i, j int, inA, inB bool) {
	at := (i*(len(w.b)+1) + j) * 4
	if inA {
		at++
	}
	if inB {
		at += 2
	}
	if w.seen[at/64]&(1<<(at%64)) == 0 {
		w.seen[at/64] |= 1 << (at % 64)
		w.todo = append(w.todo, spot{i, j, inA, inB})
	}
}

// step goes on by one byte of text. A hole holds no blank but that before a
// unit, which stands behind a hole of the other template.
func (w *walk) step(p spot) {
	moreA, moreB := p.i < len(w.a), p.j < len(w.b)
	holeA, holeB := moreA && w.a[p.i] == hole, moreB && w.b[p.j] == hole
	heldA := moreA && (w.a[p.i] != ' ' || p.inA) // by a hole of b
	heldB := moreB && (w.b[p.j] != ' ' || p.inB)
	if moreA && moreB && (w.a[p.i] == w.b[p.j] || holeA && heldB || holeB && heldA) {
		w.reach(p.i+1, p.j+1, holeA, holeB)
	}
	if p.inA && heldB {
		w.reach(p.i, p.j+1, true, holeB)
	}
	if p.inB && heldA {
		w.reach(p.i+1, p.j, holeA, true)
	}
}
