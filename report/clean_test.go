package report

import (
	stdbytes "bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"triagent/incident"
)

// TestLongText renders a foreign text of four million characters, which once
// took hours, since every line of it was measured to its end.
func TestLongText(t *testing.T) {
	long := strings.Repeat("长x", 2_000_000)
	d := incident.Diagnosis{
		Incident: incident.Incident{ID: incident.ID(long), Title: long},
		Evidence: []incident.Evidence{{ID: "E1", Node: incident.NodeID(long), Text: incident.Say("evidence.event", "text", long)}},
		Missing:  []incident.Missing{{What: "logs", Why: long}},
	}
	for name, render := range renderers {
		var out stdbytes.Buffer
		if err := render(&out, d, Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if out.Len() > 50*longest {
			t.Errorf("%s takes %d bytes", name, out.Len())
		}
	}
}

func TestShorten(t *testing.T) {
	for _, s := range []string{
		"", "short", strings.Repeat("x", longest), strings.Repeat("x", longest+1), strings.Repeat("日", longest),
		"x" + strings.Repeat("日", longest), strings.Repeat("\xbf", 2*longest),
	} {
		got := shorten(s)
		if len(got) > longest+len(" … ") || len(s) <= longest && got != s {
			t.Errorf("%d bytes became %d", len(s), len(got))
		}
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("%d bytes were cut within a character", len(s))
		}
	}
}

// TestLocale checks that a report does not depend on where it is made: some
// characters are two columns wide in East Asian locales.
func TestLocale(t *testing.T) {
	s := strings.Repeat("±→“α”", 40)
	was := runewidth.DefaultCondition.EastAsianWidth
	defer func() { runewidth.DefaultCondition.EastAsianWidth = was }()
	runewidth.DefaultCondition.EastAsianWidth = false
	lines, short := strings.Join(wrap(s, 30), "\n"), Short(s, 20)
	runewidth.DefaultCondition.EastAsianWidth = true
	if got := strings.Join(wrap(s, 30), "\n"); got != lines {
		t.Errorf("wrapped as\n%s\nand\n%s", lines, got)
	}
	if got := Short(s, 20); got != short {
		t.Errorf("cut as %q and %q", short, got)
	}
}
