package compress

import "strings"

// merge brings the templates up to date with the records added.
//
// Shapes are merged in three steps, none of which depends on their order: (1)
// shapes that are equal but for soft words (values of keys, quoted words,
// words after nouns as "user", identifiers) are one; (2) of templates that
// are equal but for one word, those whose word is a plain lower-case one or a
// name are one if there are at least minVariety of them, or one of them is
// variable there already; (3) a template that is an instance of another is
// part of it. Steps 2 and 3 are repeated until nothing changes.
func (m *Miner) merge() {
	if m.merged {
		return
	}
	m.merged = true
	m.fold()
	for id := range m.nodes {
		m.nodes[id].count = 0
		m.nodes[id].text = ""
	}
	for id, n := range m.counts {
		m.nodes[m.root(int32(id))].count += n
	}
}

func (m *Miner) fold() {
	m.group(softKey)
	for range 4 {
		if !m.vary() {
			break
		}
	}
	for id := range m.nodes {
		if n := &m.nodes[id]; n.parts != nil {
			n.parts = joined(units(n.parts))
		}
	}
	m.group(wordKey)
	m.unlist()
}

// wordKey hashes parts with words as they are.
func wordKey(parts []part) uint64 { return hashParts(parts, func(int, part) bool { return false }) }

// unlist merges templates that differ in the length of lists alone, and writes
// these lists as one variable part.
func (m *Miner) unlist() {
	first := map[uint64]int32{}
	for id := range m.nodes {
		n := &m.nodes[id]
		if n.parts == nil {
			continue
		}
		short := listless(n.parts)
		k := wordKey(short)
		to, seen := first[k]
		if !seen {
			first[k] = int32(id)
			continue
		}
		m.nodes[to].parts = listless(m.nodes[to].parts)
		n.parts = short
		m.join(to, int32(id))
	}
}

// group merges the roots whose parts have the same key.
func (m *Miner) group(key func([]part) uint64) {
	first := map[uint64]int32{}
	for id := range m.nodes {
		n := &m.nodes[id]
		if n.parts == nil {
			continue
		}
		k := key(n.parts)
		if to, seen := first[k]; seen {
			m.join(to, int32(id))
		} else {
			first[k] = int32(id)
		}
	}
}

// join merges template b into a, which has as many parts, a before b.
func (m *Miner) join(a, b int32) {
	to, from := m.nodes[a].parts, m.nodes[b].parts
	if len(to) == len(from) {
		for i := range to {
			if to[i] == from[i] || !column(to[i]) {
				continue
			}
			if isUnit(to[i]) && isUnit(from[i]) {
				to[i] = part{unitMark, varToken}
			} else {
				to[i] = part{"", varToken}
			}
		}
	}
	m.nodes[b].parts = nil
	m.nodes[b].parent = a
	m.live--
}

func column(p part) bool { return p.kind == wordToken || p.kind == varToken }

// unitMark is the text of a variable part that always was a unit of bytes.
const unitMark = "B"

func isUnit(p part) bool {
	switch p.text {
	case "B", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB", "kB", "bytes":
		return true
	}
	return false
}

// units drops variable units: "5.4 KB" and "917 B" are one variable part.
func units(parts []part) []part {
	out := parts[:0]
	for _, p := range parts {
		n := len(out)
		if p.kind == varToken && p.text == unitMark {
			if n > 1 && out[n-1].kind == spaceToken && out[n-2].kind == varToken {
				out = out[:n-1]
				continue
			}
			p.text = ""
		}
		out = append(out, p)
	}
	return out
}

// hashParts hashes parts; columns for which blank holds count as variable. seen,
// if given, is called with each part before that.
func hashParts(parts []part, blank func(int, part) bool, seen ...func(int)) uint64 {
	h := uint64(seed)
	for i, p := range parts {
		for _, f := range seen {
			f(i)
		}
		if column(p) && (p.kind == varToken || blank(i, p)) {
			h = mix(h, prime2)
			continue
		}
		h = hashString(h, p.text)
	}
	return h
}

func hashString(h uint64, s string) uint64 {
	for len(s) > 8 {
		h = mix(h, word64(s[:8]))
		s = s[8:]
	}
	return mix(h, word64(s)^uint64(len(s))<<59^prime2)
}

func word64(s string) (v uint64) {
	for i := len(s) - 1; i >= 0; i-- {
		v = v<<8 | uint64(s[i])
	}
	return v
}

// softKey hashes parts with soft words and quoted ones as variable.
func softKey(parts []part) uint64 {
	value, shut := -1, -1 // where the last quoted value, and the last quotation, ends
	return hashParts(parts, func(i int, _ part) bool { return i < value || soft(parts, i) },
		func(i int) {
			if n := quotation(parts[i:]); i > shut && n >= 0 {
				if shut = i + 1 + n; i > 0 && !msgAt(parts, i) {
					value = shut
				}
			}
		})
}

// msgAt reports whether the part at i follows the key of a message.
func msgAt(parts []part, i int) bool {
	return i > 1 && parts[i-1].text == "=" && (parts[i-2].text == "msg" || parts[i-2].text == "message")
}

// soft reports whether the word at i is a parameter by its place or its form,
// should it ever vary.
func soft(parts []part, i int) bool {
	w := parts[i].text
	if i == 0 || parts[i].kind != wordToken {
		return false
	}
	prev := parts[i-1]
	if prev.kind == spaceToken && i > 1 {
		prev = parts[i-2]
		if prev.kind == varToken && isUnit(parts[i]) {
			return true
		}
		if prev.kind == wordToken && nouns[strings.ToLower(prev.text)] && !filler(w) {
			return true
		}
	}
	if prev.kind == sepToken && prev.text == "=" {
		return true
	}
	if i+1 < len(parts) && parts[i-1].kind == sepToken && parts[i+1].kind == sepToken {
		if q := parts[i-1].text; (q == "'" || q == "\"") && parts[i+1].text == q {
			return true
		}
	}
	return valued(parts, i) || identifier(w) && !key(parts, i)
}

// key reports whether the word at i is what a message of a name, a colon and
// one or two words is about, as in "-Dnet.ssl: on (default)".
func key(parts []part, i int) bool {
	if i+2 >= len(parts) || parts[i+1].kind != sepToken || parts[i+1].text != ":" || parts[i+2].kind != spaceToken {
		return false
	}
	n := 0
	for _, p := range parts[i+3:] {
		if column(p) {
			n++
		}
	}
	return n <= 2
}

// valued reports whether the word at i stands alone between a colon and the end
// of its part of the message, as in "[name: x]" and "state: x, ...".
func valued(parts []part, i int) bool {
	p := i - 1
	if p > 0 && parts[p].kind == spaceToken {
		p--
	}
	if p < 1 || parts[p].kind != sepToken || parts[p].text != ":" || !column(parts[p-1]) {
		return false
	}
	if i+1 == len(parts) {
		return false // as likely a sentence: "Error: failed"
	}
	switch next := parts[i+1]; next.text {
	case ",", ";", ")", "]", "}", "|":
		return next.kind == sepToken
	}
	return false
}

// identifier reports whether a word looks like the name of one thing among
// many: dotted, with an underscore, a digit, two hyphens, an @ ...
func identifier(w string) bool {
	hyphens := 0
	w = strings.TrimRight(w, ".")
	if strings.ToUpper(w) == w && !strings.ContainsAny(w, "0123456789.@$") {
		return false // the name of a state or an event
	}
	for i := range len(w) {
		switch c := w[i]; {
		case c == '.' || c == '_' || c == '@' || c == '$' || c == '\\' || c == '~':
			return i > 0 || len(w) > 1
		case c == '-':
			hyphens++
		case c-'0' <= 9:
			return true
		}
	}
	return hyphens > 1
}

var nouns = set(`user username host hostname file filename directory dir path device driver interface queue topic
	table database schema bucket volume partition container pod thread program module package plugin named called uid by@`)

var fillers = set(`a an the is are was were be been not no has have had on in at to from for of and or with by as it its
	this that will can could cannot does did do may must should while when if because than then now already`)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// filler reports whether a word is one that carries a sentence or tells a
// state, so it is no parameter even where it varies.
func filler(w string) bool {
	l := strings.ToLower(w)
	if fillers[l] {
		return true
	}
	for _, end := range [...]string{"ed", "ing", "able", "ful", "less"} {
		if len(l) > len(end)+2 && strings.HasSuffix(l, end) {
			return true
		}
	}
	return false
}
