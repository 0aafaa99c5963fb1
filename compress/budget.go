package compress

import (
	"fmt"
	"unicode/utf8"

	"triagent/incident"
)

// Tokens estimates how many tokens of a language model text is. The count is
// the same everywhere and needs no vocabulary: a run of letters counts one for
// each four begun up to eight letters and one for each five beyond, digits one
// for each three begun, each punctuation mark one (a row of the same mark one
// for each four begun), a line feed one, each character beyond ASCII one, and
// blanks nothing, as byte-pair encoders join a blank to the word after it. It
// errs on the high side: on log text it lies near bytes/3, where bytes/4 is
// the rule of thumb for prose.
func Tokens(text string) int {
	n := 0
	for i := 0; i < len(text); {
		c := text[i]
		from := i
		switch {
		case c >= utf8.RuneSelf:
			_, size := utf8.DecodeRuneInString(text[i:])
			i += size
			n++
		case class[c]&(isHex|isLetter) != 0:
			for i < len(text) && text[i] < utf8.RuneSelf && class[text[i]]&(isHex|isLetter) != 0 {
				i++
			}
			if k := i - from; k <= 8 {
				n += (k + 3) / 4
			} else {
				n += 2 + (k-8+4)/5
			}
		case c-'0' <= 9:
			for i < len(text) && text[i]-'0' <= 9 {
				i++
			}
			n += (i - from + 2) / 3
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case c == '\n':
			i++
			n++
		default:
			for i < len(text) && text[i] == c {
				i++
			}
			n += (i - from + 3) / 4
		}
	}
	return n
}

// A Budget is a number of tokens that renderers share. It hands out room first
// come, first served, and keeps account of what did not fit. It is not safe for
// concurrent use.
type Budget struct {
	limit, used int
	sections    []*Section
}

// NewBudget returns a budget of limit tokens; 0 or less means that nothing fits.
func NewBudget(limit int) *Budget { return &Budget{limit: max(limit, 0)} }

// Left returns the tokens that are left.
func (b *Budget) Left() int { return b.limit - b.used }

// Used returns the tokens that were taken, never more than the limit.
func (b *Budget) Used() int { return b.used }

// Section opens an account within the budget for rows of one kind. It may use
// at most share of what is left now, a number from 0 to 1. stage, unit and rest
// are those of the incident.Reduction that comes of it if rows do not fit.
func (b *Budget) Section(stage, unit, rest string, share float64) *Section {
	room := int(float64(b.Left()) * min(max(share, 0), 1))
	s := &Section{b: b, stage: stage, unit: unit, rest: rest, room: room}
	b.sections = append(b.sections, s)
	return s
}

// Reductions returns one entry for each section that had to leave out rows, in
// the order they were opened.
func (b *Budget) Reductions() []incident.Reduction {
	var rs []incident.Reduction
	for _, s := range b.sections {
		if s.in == s.out {
			continue
		}
		rs = append(rs, incident.Reduction{
			Stage: s.stage, In: s.in, Out: s.out, Unit: s.unit, Rest: s.rest,
			How: fmt.Sprintf("most telling first, to %d tokens", s.room),
		})
	}
	return rs
}

// Section is the part of a Budget that one kind of rows may use.
type Section struct {
	b                 *Budget
	stage, unit, rest string
	room, used        int
	in, out           int64
}

// Take reports whether row fits and, if so, takes its tokens. Either way the row
// counts as offered. A later, shorter row may fit where one did not.
func (s *Section) Take(row string) bool { return s.TakeN(row, 1) }

// TakeN is Take for one row that stands for n things, as a folded line does.
func (s *Section) TakeN(row string, n int64) bool {
	s.in += n
	t := Tokens(row)
	if t > s.room-s.used || t > s.b.Left() {
		return false
	}
	s.used += t
	s.b.used += t
	s.out += n
	return true
}

// Skip counts n things that were left out before they were offered.
func (s *Section) Skip(n int64) { s.in += n }
