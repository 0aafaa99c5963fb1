package prompts

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
)

// data puts text of the system between marks that do not occur in it and that it
// cannot foresee: they depend on all of it. Control characters and those that
// turn or hide text are taken out.
func data(text string) string {
	text = strings.Map(plain, text)
	sum := sha256.Sum256([]byte(text))
	for n := 4; ; n += 2 {
		mark := "data-" + hex.EncodeToString(sum[:])[:n]
		if n >= 2*len(sum) || !strings.Contains(text, mark) {
			return "<" + mark + ">\n" + strings.TrimRight(text, "\n") + "\n</" + mark + ">"
		}
	}
}

func plain(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return r
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r): // format: bidi overrides, zero-width, tags
		return -1
	}
	return r
}
