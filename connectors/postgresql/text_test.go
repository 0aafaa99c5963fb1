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
		// A backslash before a quote: which of the two it is depends on the session.
		{`SELECT 'it\'s secret', a FROM t`, "SELECT ?"},
		{`SELECT 'C:\', 'secret', a`, "SELECT ?"},
		{`SELECT n'\'secret', a`, "SELECT ?"},
		{`SELECT E'\'secret', a`, "SELECT ?, a"},
		{`SELECT 'a\\b\n', a`, "SELECT ?, a"},
		{"SELECT E'a'\n'b\\'c secret', 'C:\\' , 'secret'", "SELECT ?, ?"},
		{"SELECT 'a' -- more\n  'b', a", "SELECT ?, a"},
		{"SELECT 'a' 'b', a", "SELECT ? ?, a"},
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

// FuzzLiterals makes statements whose every literal is secret, as a session
// writes them that escapes with backslashes, and as one that does not.
func FuzzLiterals(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7}, "a\\'b")
	f.Add([]byte{1, 0, 0, 9, 1, 2}, "\\")
	f.Fuzz(func(t *testing.T, kinds []byte, inner string) {
		inner = strings.ReplaceAll(inner, "$", "")
		doubled := strings.ReplaceAll(inner, "'", "''")
		escaped := strings.NewReplacer("'", `\'`, `\`, `\\`).Replace(inner)
		const secret = "seCRet7"
		for _, conforming := range []bool{true, false} {
			plain := doubled
			if !conforming {
				plain = escaped
			}
			var b strings.Builder
			b.WriteString("SELECT ")
			for _, k := range kinds[:min(len(kinds), 20)] {
				switch k % 8 {
				case 0:
					b.WriteString("'" + plain + secret + "'")
				case 1:
					b.WriteString("E'" + escaped + secret + "'")
				case 2:
					b.WriteString("N'" + plain + secret + "'")
				case 3:
					b.WriteString("$$" + inner + secret + "$$")
				case 4:
					b.WriteString(`"name"`)
				case 5:
					b.WriteString("'a'\n'" + plain + secret + "'")
				case 6:
					b.WriteString("E'a' -- x\n '" + escaped + secret + "'")
				default:
					b.WriteString("a.b = $1")
				}
				b.WriteString(", ")
			}
			if got := withoutLiterals(b.String()); strings.Contains(got, secret) {
				t.Errorf("conforming %v: %q is shown as %q", conforming, b.String(), got)
			}
		}
	})
}
