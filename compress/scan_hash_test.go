package compress

import (
	"strings"
	"testing"
)

// Rows of punctuation are told from none: a rotation comes round after 64 steps.
func TestSeparatorsCount(t *testing.T) {
	var s scanner
	for _, c := range []string{"=", "-", "*", ",", "|", "=-", "<>", `'`} {
		seen := map[uint64]string{}
		for n := range maxTokens/2 - 8 {
			b := "a " + strings.Repeat(c, n) + " b"
			h := s.scan([]byte(b))
			if was, ok := seen[h]; ok {
				t.Errorf("%q and %q have one hash", was, b)
				break
			}
			seen[h] = b
		}
	}
	m := NewMiner(Config{})
	for _, b := range []string{"begin  end", "begin " + strings.Repeat("=", 128) + " end"} {
		m.Add([]byte(b))
	}
	if n := len(m.Roots()); n != 2 {
		t.Errorf("%d templates, want 2", n)
	}
}
