package score

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestWords has words for every figure and unit on the page, in each language: one
// without shows its English name there.
func TestWords(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		raw, err := os.ReadFile(filepath.Join("..", "..", "web", "src", "locales", lang, "insight.json"))
		if err != nil {
			t.Fatal(err)
		}
		var words struct{ Score, EvalUnit map[string]string }
		if err := json.Unmarshal(raw, &words); err != nil {
			t.Fatal(err)
		}
		for _, d := range definitions() {
			if words.Score[d.key] == "" {
				t.Errorf("%s: no words for %s (%s)", lang, d.key, d.name)
			}
			if d.unit == "s" && words.EvalUnit[d.unit] == "" {
				t.Errorf("%s: no word for the unit %s", lang, d.unit)
			}
		}
	}
}
