package data

import (
	"math/rand/v2"
	"testing"

	"triagent/compress"
)

func TestCommon(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"got <*> pages", "got 7 pages", true},
		{"got <*> pages", "got no page", false},
		{"<*>: <*> returns <*>", "db-1: put <*> x", true},
		{"<*>: <*> returns <*>", "db-1: put <*>", false}, // a blank short
		{"<*>", "two words", false},
		{"read <*>", "read <*> KiB", true}, // a unit may belong to the number
		{"<*>a<*>", "<*>b<*>", true},
		{"a<*>", "a", false},
		{"id=<*>,end", "id=<*>", true},
		{`{"path":"<*>","session":"<*>"}`, `{"path":"<*>","error":"<*>","session":"<*>"}`, true},
		{`{"path":"<*>","session":"<*>"}`, `{"name":"<*>","session":"<*>"}`, false},
	} {
		if got := common(holes(tt.a), holes(tt.b)); got != tt.want {
			t.Errorf("common(%q, %q) = %v", tt.a, tt.b, got)
		}
		if got := common(holes(tt.b), holes(tt.a)); got != tt.want {
			t.Errorf("common(%q, %q) = %v", tt.b, tt.a, got)
		}
	}
}

// Whatever matches two templates, they are said to have it in common.
func TestCommonMissesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	words := []string{"put", "12", "KiB", "db-1", "x", "0x3f", "10.0.0.1", "a=b", "took", "ms"}
	both := 0
	for range 20_000 {
		var m, a, b string // a message and two ways to make a template of it
		for i := range 2 + r.IntN(4) {
			word := words[r.IntN(len(words))]
			if i > 0 && r.IntN(4) > 0 {
				word = " " + word
			}
			m, a, b = m+word, a+blurred(r, word), b+blurred(r, word)
		}
		if !compress.Match(a, m) || !compress.Match(b, m) {
			continue
		}
		both++
		if !common(holes(a), holes(b)) {
			t.Errorf("%q matches %q and %q", m, a, b)
		}
	}
	t.Logf("%d messages matched two templates", both)
	if both < 1000 {
		t.Errorf("only %d messages matched two templates", both)
	}
}

// blurred is a word, or what a template may have for it.
func blurred(r *rand.Rand, word string) string {
	switch n := len(word); r.IntN(4) {
	case 0:
		return word[:1] + compress.Wild
	case 1:
		return compress.Wild + word[n-1:]
	case 2:
		if word[0] == ' ' {
			return " " + compress.Wild
		}
		return compress.Wild
	}
	return word
}
