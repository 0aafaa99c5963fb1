package compress

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
