package compress

import "strings"

// maxUnit is the length in parts of the longest list member that is looked for.
const maxUnit = 40

// unlisted cuts lists of like members, as "[{file: <*>, done}, {file: <*>,
// done}]", to their first member, so that lists of any length have one
// template. A member has a word and a variable part, its brackets pair, and
// the next one follows after a comma.
func unlisted(parts []part) []part {
	for j := 1; j < len(parts)-1; j++ {
		if parts[j].kind != sepToken || parts[j].text != "," {
			continue
		}
		next := j + 1
		if parts[next].kind == spaceToken {
			next++
		}
		if n := unit(parts, j, next); n > 0 {
			parts = append(parts[:j], parts[next+n:]...)
			j--
		}
	}
	return parts
}

// unit returns how many parts before the comma at j are repeated from next on,
// 0 if none make a member of a list.
func unit(parts []part, j, next int) int {
	depth, word, wild := 0, false, false
	for n := 1; n <= min(j, len(parts)-next, maxUnit); n++ {
		p := parts[j-n]
		switch p.kind {
		case varToken:
			wild = true
		case wordToken:
			word = true
		case sepToken:
			switch p.text {
			case ")", "]", "}", ">":
				depth++
			case "(", "[", "{", "<":
				depth--
			}
		}
		if depth < 0 {
			return 0
		}
		if depth > 0 || !word || !wild || !starts(parts, j-n) || !ends(parts, next+n) {
			continue
		}
		same := true
		for k := range n {
			if parts[j-n+k] != parts[next+k] {
				same = false
				break
			}
		}
		if same {
			return n
		}
	}
	return 0
}

// starts reports whether a list member may start at i: after a bracket, an
// equals sign, a blank or a comma.
func starts(parts []part, i int) bool {
	if i == 0 || parts[i].kind == spaceToken {
		return i == 0
	}
	p := parts[i-1]
	if p.kind == spaceToken {
		return true
	}
	switch p.text {
	case "[", "{", "(", "<", "=", ",", ":":
		return p.kind == sepToken
	}
	return false
}

// ends reports whether a list member may end before i.
func ends(parts []part, i int) bool {
	return i >= len(parts) || parts[i].kind == spaceToken || parts[i].kind == sepToken
}

// listless returns parts with each bracketed list of two or more variable
// parts, or in square brackets of variable parts and words, as "[<*>, <*>]", as
// one: "[<*>]". So it does with what is quoted, but for keys and for a quotation
// that opens the message. The parts are not changed.
func listless(parts []part) []part {
	out := make([]part, 0, len(parts))
	for i := 0; i < len(parts); i++ {
		out = append(out, parts[i])
		if n := quotation(parts[i:]); n >= 0 {
			if n > 0 && i > 0 && !msgAt(parts, i) && (i+n+2 == len(parts) || parts[i+n+2].text != ":") {
				out = append(out, part{"", varToken}, parts[i])
			} else {
				out = append(out, parts[i+1:i+n+2]...)
			}
			i += n + 1
			continue
		}
		if n := list(parts[i:]); n > 0 {
			out = append(out, part{"", varToken})
			i += n
		}
	}
	return out
}

// list returns how many parts follow in the brackets that parts start with, if
// they are a list of two or more, else 0.
func list(parts []part) int {
	open := parts[0]
	if open.kind != sepToken {
		return 0
	}
	shut := ""
	switch open.text {
	case "[":
		shut = "]"
	case "(":
		shut = ")"
	case "{":
		shut = "}"
	default:
		return 0
	}
	members := 0
	for i := 1; i+1 < len(parts); i++ {
		if p := parts[i]; p.kind != varToken && (p.kind != wordToken || shut != "]") {
			return 0
		}
		members++
		next := parts[i+1]
		if next.kind != sepToken {
			return 0
		}
		if next.text == shut {
			if members < 2 {
				return 0
			}
			return i
		}
		if next.text != "," {
			return 0
		}
		if i++; i+1 < len(parts) && parts[i+1].kind == spaceToken {
			i++
		}
	}
	return 0
}

// quotation returns how many parts stand between the quotation mark that parts
// start with, if they do, and the next that no backslash is before, -1 if there
// is none.
func quotation(parts []part) int {
	if !quote(parts[0]) {
		return -1
	}
	for n := 1; n < len(parts); n++ {
		if quote(parts[n]) && !strings.HasSuffix(parts[n-1].text, "\\") {
			return n - 1
		}
	}
	return -1
}

func quote(p part) bool { return p.kind == sepToken && p.text == "\"" }
