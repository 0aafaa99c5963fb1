package compress

import (
	"strings"
	"testing"
)

func TestTokens(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int
	}{
		{"", 0},
		{"   ", 0},
		{"disk", 1},
		{"failed", 2},
		{"NoRouteToHostException", 5}, // 22 letters: 2 + ceil(14/5)
		{"12345", 2},
		{"disk full", 2},
		{"a=1, b=2\n", 8},
		{"----------", 3},
		{"磁盘已满", 4},
	} {
		if got := Tokens(tt.text); got != tt.want {
			t.Errorf("Tokens(%q) = %d, want %d", tt.text, got, tt.want)
		}
	}
}

func TestBudget(t *testing.T) {
	b := NewBudget(10)
	s := b.Section("logs", "lines", "logs/a.log", .5)
	if !s.Take("disk full") || !s.TakeN("disk full", 7) || s.Take("disk full") || !s.Take("disk") {
		t.Error("the section has room for five tokens")
	}
	s.Skip(4)
	rest := b.Section("metrics", "series", "", 1)
	if b.Left() != 5 || !rest.Take("a b c d e") || rest.Take("x") || b.Used() != 10 {
		t.Errorf("left %d, used %d", b.Left(), b.Used())
	}
	got := b.Reductions()
	if len(got) != 2 || got[0].In != 14 || got[0].Out != 9 || got[0].Rest != "logs/a.log" || got[1].In != 2 || got[1].Out != 1 {
		t.Errorf("reductions %+v", got)
	}
	if all := NewBudget(3).Section("logs", "lines", "", 1); !all.Take("a b c") || all.b.Reductions() != nil {
		t.Error("what fits is no reduction")
	}
}

func FuzzTokens(f *testing.F) {
	f.Add("2023-10-27 ERROR x.Y:12 - déjà vu\n")
	f.Fuzz(func(t *testing.T, text string) {
		n := Tokens(text)
		if n > len(text) || n < 0 || (n == 0 && strings.Trim(text, " \t\r") != "") {
			t.Fatalf("Tokens(%q) = %d", text, n)
		}
		b := NewBudget(n)
		if !b.Section("x", "y", "", 1).Take(text) || b.Left() != 0 {
			t.Fatalf("%q does not fill its own size", text)
		}
	})
}
