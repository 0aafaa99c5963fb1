package store

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestSearches changes texts and searches them at random: what is remembered is
// what a look at everything finds.
func TestSearches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s searches
		var texts []string
		word := rapid.SampledFrom([]string{"a", "b", "c", "ab", "ca"})
		text := rapid.StringMatching(`[abc]{0,4}`)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				texts = slices.Clone(texts[:len(texts)/2])
				s.forget()
			case 1, 2, 3:
				texts = append(texts, text.Draw(t, "new"))
				s.note(len(texts) - 1)
			case 4, 5:
				if len(texts) > 0 {
					at := rapid.IntRange(0, len(texts)-1).Draw(t, "at")
					texts[at] = text.Draw(t, "changed")
					s.note(at)
				}
			default:
				words := rapid.SliceOfN(word, 1, 2).Draw(t, "words")
				holds := func(p int) bool {
					return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(texts[p], w) })
				}
				var want []int
				for p := range texts {
					if holds(p) {
						want = append(want, p)
					}
				}
				if got := s.find(words, len(texts), holds); !slices.Equal(got, want) {
					t.Fatalf("%q in %q: %v, want %v", words, texts, got, want)
				}
			}
		}
	})
}
