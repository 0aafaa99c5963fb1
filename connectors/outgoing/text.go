package outgoing

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"triagent/connectors"
)

// Gap is put where text would otherwise become a link or a mention: a zero
// width space, which reads as nothing and ends a word.
const Gap = "\u200b"

// Clean drops what must never reach a reader from foreign text: control
// characters but line feed and tab, marks that turn the direction of text
// round, and bytes that are no UTF-8.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == utf8.RuneError, unicode.IsControl(r):
			return -1
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c, r == 0xfeff, r == 0x200b:
			return -1
		case r >= 0xe0000 && r <= 0xe007f: // tags, invisible
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// Line is Clean in one line.
func Line(s string) string {
	return strings.Join(strings.Fields(Clean(s)), " ")
}

// Inert is Clean, with gaps in what chat clients turn into links and mentions by
// themselves, whatever the markup. It reads the same. The markup of a channel is
// escaped beside, by its sender.
func Inert(s string) string {
	s = Clean(s)
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i, r := range s {
		b.WriteRune(r)
		rest := s[i+utf8.RuneLen(r):]
		switch {
		case r == '@' && rest != "",
			r == ':' && strings.HasPrefix(rest, "//"),
			r == '.' && rest != "" && i >= 3 && strings.EqualFold(s[i-3:i], "www"):
			b.WriteString(Gap)
		}
	}
	return b.String()
}

// Clip shortens text to at most n characters, ending in an ellipsis.
func Clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	if n <= 0 {
		return ""
	}
	for i := range s {
		if n--; n == 0 {
			return strings.TrimRightFunc(s[:i], unicode.IsSpace) + "…"
		}
	}
	return s
}

// ClipBytes shortens text to at most n bytes, ending in an ellipsis, and never
// inside a character.
func ClipBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const dots = "…"
	if n < len(dots) {
		return ""
	}
	cut := n - len(dots)
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strings.TrimRightFunc(s[:cut], unicode.IsSpace) + dots
}

// Link returns a URL that may stand in a message as a link: http or https and
// without characters that end a link in any markup. Otherwise it is empty.
func Link(raw string) string {
	if CheckURL("link", connectors.Secret(raw)) != nil || strings.ContainsAny(raw, " <>()[]{}|\\^`\"'\t\r\n*") {
		return ""
	}
	return raw
}

// Wide replaces the characters of a small markup that has no escapes by their
// full-width forms, which look alike and mean nothing, and makes the text inert.
// It is one line, and begins neither a heading nor a list nor a quote.
func Wide(s string) string {
	s = wide.Replace(Inert(Line(s)))
	if s != "" && strings.ContainsRune("-+=0123456789", rune(s[0])) {
		return Gap + s
	}
	return s
}

var wide = strings.NewReplacer(
	"<", "＜", ">", "＞", "[", "［", "]", "］", "*", "＊", "`", "｀", "#", "＃", "~", "～", "|", "｜", "!", "！", "\\", "＼", "&", "＆",
)

// Bound returns m with texts and lists cut to what any channel could show, so
// that laying it out costs little however long the texts are.
func Bound(m connectors.Message) connectors.Message {
	m.Title, m.Text = ClipBytes(m.Title, 2_000), ClipBytes(m.Text, 20_000)
	fields := make([]connectors.Field, 0, min(len(m.Fields), 30))
	for _, f := range m.Fields[:min(len(m.Fields), 30)] {
		fields = append(fields, connectors.Field{Name: ClipBytes(f.Name, 500), Value: ClipBytes(f.Value, 4_000)})
	}
	steps := make([]string, 0, min(len(m.Steps), 30))
	for _, s := range m.Steps[:min(len(m.Steps), 30)] {
		steps = append(steps, ClipBytes(s, 4_000))
	}
	m.Fields, m.Steps = fields, steps
	return m
}
