package report

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"triagent/incident"
	"triagent/knowledge"
	"triagent/report/phrases"
)

var (
	optional = regexp.MustCompile(`\[[^\]]*\]`)
	braces   = regexp.MustCompile(`\{[^{}]*\}`)
)

// TestPhrases checks that every phrase exists in both languages, with the same
// arguments, under a key of the agreed form.
func TestPhrases(t *testing.T) {
	form := regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+)*$`)
	seen := map[string]bool{}
	for _, k := range phrases.Keys() {
		p, _ := phrases.Find(k)
		if seen[k] {
			t.Errorf("%s is in two families", k)
		}
		seen[k] = true
		if !form.MatchString(k) {
			t.Errorf("key %q has not the agreed form", k)
		}
		if p.EN == "" || p.ZH == "" {
			t.Errorf("%s lacks a language", k)
		}
		if en, zh := args(p.EN), args(p.ZH); !slices.Equal(en, zh) {
			t.Errorf("%s: arguments %q in English, %q in Chinese", k, en, zh)
		}
	}
}

// args lists the arguments of a phrase, without the forms that agree with one.
func args(s string) []string {
	a := slices.DeleteFunc(braces.FindAllString(s, -1), func(b string) bool { return strings.Contains(b, "|") })
	slices.Sort(a)
	return slices.Compact(a)
}

// TestKeysExist parses the module and checks every key that is written out in
// it: of incident.Say and Text.With, of composite literals of incident.Text, and
// of the say and name calls of this package.
func TestKeysExist(t *testing.T) {
	base, err := knowledge.Load()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, u := range keysUsed(t, filepath.Join("..")) {
		n++
		p, ok := phrases.Find(u.key)
		if !ok {
			en, okEN := base.Word("en", u.key)
			zh, okZH := base.Word("zh", u.key)
			p, ok = phrases.Phrase{EN: en, ZH: zh}, okEN && okZH
		}
		if !ok {
			t.Errorf("%s: no phrase %q", u.at, u.key)
			continue
		}
		if u.known {
			for _, want := range args(optional.ReplaceAllString(p.EN, "")) {
				if !slices.Contains(u.args, strings.Trim(want, "{}")) {
					t.Errorf("%s: phrase %q wants %s, which is not given", u.at, u.key, want)
				}
			}
		}
	}
	if n < 60 {
		t.Errorf("only %d uses found", n)
	}
}

// use is a key that the code writes out, with its arguments; known says that
// these are all.
type use struct {
	at, key string
	args    []string
	known   bool
}

func keysUsed(t *testing.T, root string) []use {
	t.Helper()
	var out []use
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && p != root && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && d.Name() != "..") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(fset, p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		withs := extended(f)
		own := strings.Contains(filepath.ToSlash(p), "/api/") || strings.Contains(filepath.ToSlash(p), "/lab/") // parts with words of their own have a say of their own
		ast.Inspect(f, func(n ast.Node) bool {
			if u, ok := useOf(n); ok && (!own || !says(n)) {
				u.at = fset.Position(n.Pos()).String()
				u.known = u.known && !withs[n]
				out = append(out, u)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// says reports whether n calls a function or method say.
func says(n ast.Node) bool {
	c, ok := n.(*ast.CallExpr)
	if !ok {
		return false
	}
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name == "say"
	case *ast.SelectorExpr:
		return f.Sel.Name == "say"
	}
	return false
}

// extended returns the calls whose result is extended by With.
func extended(f *ast.File) map[ast.Node]bool {
	out := map[ast.Node]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			if s, ok := c.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "With" {
				out[s.X] = true
			}
		}
		return true
	})
	return out
}

func useOf(n ast.Node) (use, bool) {
	switch n := n.(type) {
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "say" && len(n.Args) > 0 {
			u, ok := said(n)
			u.known = false // the agents' say: numbers are added to it
			return u, ok
		}
		s, ok := n.Fun.(*ast.SelectorExpr)
		if !ok || len(n.Args) == 0 {
			return use{}, false
		}
		switch {
		case s.Sel.Name == "Say" || s.Sel.Name == "say":
			return said(n)
		case s.Sel.Name == "With" && len(n.Args) == 2:
			key, ok := text(n.Args[1])
			return use{key: key}, ok && strings.Contains(key, ".")
		}
	case *ast.CompositeLit:
		s, ok := n.Type.(*ast.SelectorExpr)
		if !ok || s.Sel.Name != "Text" {
			return use{}, false
		}
		for _, e := range n.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				if id, ok := kv.Key.(*ast.Ident); ok && id.Name == "Key" {
					key, ok := text(kv.Value)
					return use{key: key}, ok
				}
			}
		}
	}
	return use{}, false
}

// said reads a call that gives a key and alternating names and values.
func said(n *ast.CallExpr) (use, bool) {
	key, ok := text(n.Args[0])
	if !ok {
		return use{}, false
	}
	u := use{key: key, known: n.Ellipsis == token.NoPos}
	for i := 1; i < len(n.Args); i += 2 {
		a, ok := text(n.Args[i])
		u.known = u.known && ok
		u.args = append(u.args, a)
	}
	return u, true
}

// TestKeysInPassing checks keys that agents choose before they say them: every
// string of a family of phrases is a phrase or a signal, and the start of one
// if it ends in an underscore.
func TestKeysInPassing(t *testing.T) {
	base, err := knowledge.Load()
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^(agent|alert|change|code|log|metric|reason|rejected|role|summary|trace)\.[a-z_]+$`)
	fset := token.NewFileSet()
	n := 0
	for _, room := range []string{"agents", "meta"} {
		err := filepath.WalkDir(filepath.Join("..", room), func(p string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(fset, p, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(node ast.Node) bool {
				e, ok := node.(*ast.BasicLit)
				if !ok {
					return true
				}
				if key, ok := text(e); ok && form.MatchString(key) {
					n++
					if _, signal := base.Signal(incident.Signal(key)); !signal && !isPhrase(key) {
						t.Errorf("%s: %q is no phrase and no signal", fset.Position(e.Pos()), key)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < 20 {
		t.Errorf("only %d keys found", n)
	}
}

// TestPlurals checks that what agrees with a number has two forms, and that in
// every English phrase a count in front of a plural agrees with it.
func TestPlurals(t *testing.T) {
	bare := regexp.MustCompile(`\{[a-z_]+\} (more )?(nodes|pieces|groups|times|samples|metrics|records|spans|calls|signs|changes|edges|steps|tokens|warnings|lines)\b`)
	for _, k := range phrases.Keys() {
		p, _ := phrases.Find(k)
		for _, b := range braces.FindAllString(p.EN+p.ZH, -1) {
			if parts := strings.Split(strings.Trim(b, "{}"), "|"); len(parts) != 1 && len(parts) != 3 {
				t.Errorf("%s: %s: want {number|one|many}", k, b)
			}
		}
		if m := bare.FindString(p.EN); m != "" && !strings.HasPrefix(m, "{operation}") {
			t.Errorf("%s: %q reads badly for 1", k, m)
		}
	}
}

func isPhrase(key string) bool {
	if strings.HasSuffix(key, "_") {
		return slices.ContainsFunc(phrases.Keys(), func(k string) bool { return strings.HasPrefix(k, key) })
	}
	_, ok := phrases.Find(key)
	return ok
}

func text(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}

func TestWord(t *testing.T) {
	known := map[string]string{
		"en fault.mine": "my fault", "zh fault.mine": "我的故障", "en fault.disk_full": "disc full", "zh fault.disk_full": "磁盘写满",
		"en ui.why": "Because",
	}
	user := func(lang, key string) (string, bool) {
		s, ok := known[lang+" "+key]
		return s, ok
	}
	for _, tt := range []struct {
		name string
		lang Lang
		text incident.Text
		want string
	}{
		{"nothing", "", incident.Text{}, ""},
		{"arguments", "", incident.Say("ui.since", "time", "10:01"), "since 10:01"},
		{"Chinese", Chinese, incident.Say("ui.since", "time", "10:01"), "自 10:01"},
		{"unknown key", "", incident.Say("no.such", "a", "1", "b", "2"), "no.such a=1 b=2"},
		{"missing argument", "", incident.Say("ui.since"), "since {time}"},
		{"braces in an argument", "", incident.Say("ui.edge", "from", "{to}", "to", "b"), "{to} → b"},
		{"phrase as argument", Chinese, incident.Say("ui.since").With("time", "fault.disk_full"), "自 磁盘写满"},
		{"unknown phrase as argument", "", incident.Say("ui.since").With("time", "x.y"), "since x.y"},
		{"phrase of the user's", Chinese, incident.Say("fault.mine"), "我的故障"},
		{"the user's comes first", "", incident.Say("ui.why"), "Because"},
		{"optional part", "", incident.Say("change.text", "kind", "restart", "text", "by hand"), "restart: by hand"},
		{"optional part left out", "", incident.Say("change.text", "kind", "restart"), "restart"},
		{"optional part with nothing in it", "", incident.Say("change.text", "kind", "restart", "text", ""), "restart"},
		{"shape unknown", "", incident.Say("metric.moved", "name", "x", "before", "1", "after", "2", "onset", "").With("shape", "shape."), "x: 1 → 2"},
		{"brackets in an argument", "", incident.Say("change.text", "kind", "[{text}]", "text", "a"), "[{text}]: a"},
		{"one", "", incident.Say("ui.touched", "n", "1"), "1 node touched"},
		{"several", "", incident.Say("ui.touched", "n", "11"), "11 nodes touched"},
		{"none", "", incident.Say("ui.touched", "n", "0"), "0 nodes touched"},
		{"an unknown number", "", incident.Say("ui.touched"), "{n} nodes touched"},
		{"one in Chinese", Chinese, incident.Say("ui.touched", "n", "1"), "波及 1 个节点"},
		{"one in an optional part", "", incident.Say("summary.cause", "node", "a", "fault", "f", "led", "1"), "a, leader of 1 group: f."},
		{"no optional part", "", incident.Say("summary.cause", "node", "a", "fault", "f"), "a: f."},
		{"odd pairs", "", incident.Say("ui.since", "time"), "since {time}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := (Options{Lang: tt.lang, Words: user}).Word(tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
