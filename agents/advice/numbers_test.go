package advice

import (
	"slices"
	"testing"
)

func TestUnfounded(t *testing.T) {
	names := []string{"datanode-2", "datanode-12", "E3"}
	rows := []string{"cpu.use 12.4→97.31 % +41 z18.2", "calls datanode-2→datanode-12 slower: insert 1,200→4,310 ms (88)", "errors 31/0"}
	for sentence, want := range map[string][]string{
		"datanode-2 rose to 97 % from 12 %":              nil,
		"datanode-12 is slow (E3)":                       nil,
		"calls take 4.3 s":                               nil,
		"calls take 4310 ms, 41 s after the start":       nil,
		"CPU stood at 98 %":                              {"98"},
		"there were 5,000 errors in 88 calls":            {"5,000"},
		"it went from 12.5 to 97.3":                      {"12.5"},
		"31 errors, none before":                         nil,
		"version v2.0.6 of node-7 on 10.0.0.1 is broken": {},
	} {
		got := unfounded(sentence, rows, names)
		if len(got) != len(want) || !slices.Equal(got, want) && len(want) > 0 {
			t.Errorf("%q: %q, want %q", sentence, got, want)
		}
	}
}
