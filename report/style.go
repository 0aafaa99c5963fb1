package report

import "strings"

// style is an ANSI style of the terminal, or none.
type style string

const (
	bold   style = "1"
	dim    style = "2"
	red    style = "1;31"
	yellow style = "1;33"
	green  style = "1;32"
	blue   style = "36"
)

// paint styles s if colours are wanted. s must be clean already.
func (o Options) paint(s string, st style) string {
	if !o.Colour || s == "" {
		return s
	}
	return "\x1b[" + string(st) + "m" + s + "\x1b[0m"
}

// verdictStyle is the colour of a verdict, which is always also a word.
func verdictStyle(verdict string) style {
	switch verdict {
	case "confirmed":
		return red
	case "likely":
		return yellow
	case "healthy":
		return green
	}
	return blue
}

// grid is a table of cells, laid out in columns as wide as their widest cell.
type grid struct {
	rows  [][]string
	right map[int]bool // columns that are flush right
}

// lines lays the rows out with two spaces between columns. The last column is
// wrapped to fill at most total columns, its further lines below its first.
func (g *grid) lines(indent string, total int) []string {
	var widths []int
	for _, r := range g.rows {
		for i, c := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(c))
		}
	}
	used := len(indent)
	for i, w := range widths {
		if i < len(widths)-1 && w > 0 {
			used += w + 2
		}
	}
	last := max(total-used, 24)
	var out []string
	for _, r := range g.rows {
		var b strings.Builder
		b.WriteString(indent)
		for i, c := range r[:len(r)-1] {
			switch {
			case widths[i] == 0:
			case g.right[i]:
				b.WriteString(strings.Repeat(" ", widths[i]-width(c)) + c + "  ")
			default:
				b.WriteString(pad(c, widths[i]) + "  ")
			}
		}
		for i, l := range wrap(r[len(r)-1], last) {
			if i > 0 {
				b.Reset()
				b.WriteString(strings.Repeat(" ", used))
			}
			b.WriteString(l)
			out = append(out, strings.TrimRight(b.String(), " "))
		}
	}
	return out
}
