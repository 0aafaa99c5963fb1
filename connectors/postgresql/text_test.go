package postgresql

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWithoutLiterals(t *testing.T) {
	for _, tt := range []struct{ sql, want string }{
		{"SELECT * FROM t WHERE a = 'it''s' AND b = 12.5e3", "SELECT * FROM t WHERE a = ? AND b = ?"},
		{`SELECT E'a\'b' || U&'\0061' || B'101' || x'ff'`, "SELECT ? || ? || ? || ?"},
		{`SELECT "a'1" FROM "T2" WHERE t1.c2 = $1`, `SELECT "a'1" FROM "T2" WHERE t1.c2 = $1`},
		{"SELECT $$secret$$, $tag$ it's $$ $tag$, $2", "SELECT ?, ?, $2"},
		{"ALTER ROLE x PASSWORD 'hunter2'", "ALTER ROLE x PASSWORD ?"},
		{"SELECT 1 -- token 'abc'\n, 2 /* more /* 'x' */ y */ FROM t", "SELECT ?  , ?   FROM t"},
		{"SELECT 'cut off by the serv", "SELECT ?"},
		{"SELECT $x$cut off", "SELECT ?"},
		{"/* cut off", " "},
		{`SELECT E'cut \`, "SELECT ?"},
		{`"cut off`, `"cut off`},
		{"SELECT .5, a.b, 0x1F, 1_000", "SELECT ?, a.b, ?, ?"},
		{"WHERE имя = 'x'", "WHERE имя = ?"},
		{"", ""},
		{"$", "$"},
	} {
		if got := withoutLiterals(tt.sql); got != tt.want {
			t.Errorf("withoutLiterals(%q) = %q, want %q", tt.sql, got, tt.want)
		}
	}
}

// FuzzStatement looks that no text makes a line longer than its bound or with
// control characters, and that what is quoted never shows.
func FuzzStatement(f *testing.F) {
	for _, s := range []string{"SELECT 'a'", "E'\\", "$a$ b $a$", "/*/**/", "'\x00\u202e", "\xff'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		s := &Source{}
		got := s.statement(sql, 100)
		if len(got) > 103 || !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("statement(%q) = %q", sql, got)
		}
		hidden := "SELECT 'seCRet7" + strings.NewReplacer("'", "", `\`, "").Replace(sql)
		if strings.Contains(s.statement(hidden, 1000), "seCRet7") {
			t.Errorf("a literal shows in %q", hidden)
		}
	})
}

func TestOneLine(t *testing.T) {
	if got := oneLine("  a\n\tb\x00\u202ec\u2028d ", 100); got != "a b c d" {
		t.Errorf("%q", got)
	}
	if got := oneLine(strings.Repeat("ä", 50), 11); got != "äääää..." {
		t.Errorf("%q", got)
	}
	if got := label(`a{b="c",d}`); got != "a_b__c__d_" {
		t.Errorf("%q", got)
	}
}
