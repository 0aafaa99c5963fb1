package data

import (
	"slices"
	"strings"
	"unicode"

	"triagent/compress"
)

// lineClasses groups templates that begin with the same words: lines that list a
// varying number of things have a template for each number, and only together
// do they tell whether the line was written.
type lineClasses struct {
	of      map[int32]int32 // template to class, for classes of more than one template
	members [][]int32       // templates of a class, ascending
}

// classWords is how many different words make a class.
const classWords = 8

func newLineClasses(l *lineTable) *lineClasses {
	by := map[string][]int32{}
	var order []string
	for id := range int32(len(l.roots)) {
		if l.root(id) != id || l.counts[id] == 0 {
			continue
		}
		k := firstWords(l.template(id), classWords)
		if len(by[k]) == 0 {
			order = append(order, k)
		}
		by[k] = append(by[k], id)
	}
	c := &lineClasses{of: map[int32]int32{}}
	for _, k := range order {
		if len(by[k]) < 2 {
			continue
		}
		for _, id := range by[k] {
			c.of[id] = int32(len(c.members))
		}
		c.members = append(c.members, by[k])
	}
	return c
}

// firstWords joins the first n different words (runs of letters) of a template,
// leaving out what touches a variable part: that is data more often than not.
func firstWords(template string, n int) string {
	var words []string
	for token := range strings.FieldsSeq(template) {
		if strings.Contains(token, compress.Wild) {
			continue
		}
		for w := range strings.FieldsFuncSeq(token, func(r rune) bool { return !unicode.IsLetter(r) }) {
			if len(words) == n {
				return strings.Join(words, " ")
			}
			if !slices.Contains(words, w) {
				words = append(words, w)
			}
		}
	}
	return strings.Join(words, " ")
}

// telling is the template of a class whose count on a node changed most between
// the rest of the time and the bins from start on.
func (c *lineClasses) telling(class int32, cells map[int32]*lineCell, g *grid, start int) int32 {
	var before, after float64
	for i := range g.from {
		if s := float64(g.to[i]-g.from[i]) / 1e9; !g.searching(i) {
			before += s
		} else if i >= start {
			after += s
		}
	}
	best, most := none, -1.0
	for _, id := range c.members[class] {
		cell := cells[id]
		if cell == nil {
			continue
		}
		change := float64(cell.outside(g))/max(before, 1) - float64(cell.sum(start, g.stop))/max(after, 1)
		if change = max(change, -change); change > most {
			best, most = id, change
		}
	}
	return best
}
