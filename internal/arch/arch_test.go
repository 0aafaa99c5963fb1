package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "triagent"

// leaves import the standard library only.
var leaves = []string{"incident", "internal/errs", "internal/arch", "internal/whole", "report/phrases", "demo", "web"}

// base is what every room above the nouns may use.
var base = []string{"incident", "internal/errs"}

// rooms says which rooms of the module each room may import, sub-rooms
// included. The longest entry that holds a package decides. A room that is not
// listed here is a violation: whoever adds one says where it belongs.
var rooms = map[string][]string{
	"incident":          nil,
	"internal/errs":     nil,
	"internal/arch":     nil,
	"internal/whole":    nil,
	"demo":              nil,
	"report/phrases":    nil,
	"telemetry":         base,
	"knowledge":         with(base, "telemetry"),
	"report":            with(base, "telemetry", "report/phrases"),
	"compress":          with(base, "telemetry"),
	"evidence":          with(base, "telemetry", "compress", "knowledge"),
	"learn":             {"internal/errs"},
	"agents":            with(base, "telemetry", "compress", "knowledge", "evidence", "learn", "prompts", "llm"),
	"meta":              with(base, "telemetry", "compress", "knowledge", "evidence", "agents"),
	"internal/seal":     {"internal/errs"},
	"internal/settings": {"internal/errs"},
	"internal/scripted": nil, // a model server for tests and eval
	"llm":               with(base, "connectors", "internal/whole"),
	"prompts":           with(base, "llm"),
	"store":             with(base, "telemetry"),
	"store/storetest":   with(base, "store", "lab/process"), // starts a real PostgreSQL for tests
	"connectors":        with(base, "telemetry"),
	"collect":           with(base, "telemetry", "connectors"),
	"lab":               with(base, "telemetry", "connectors", "report"), // real servers, loads and faults
	"web":               nil,
	"api":               with(base, "telemetry", "knowledge", "report", "store", "connectors", "web", "internal/seal", "internal/whole"),
	"internal/app":      with(base, "telemetry", "compress", "knowledge", "evidence", "agents", "meta", "report", "store", "connectors", "api", "demo", "web", "internal/seal", "internal/settings", "collect"),
	"eval":              with(base, "telemetry", "compress", "knowledge", "evidence", "agents/casebook", "report", "internal/app", "internal/whole"),
	"bench":             with(base, "telemetry", "compress", "store", "demo", "internal/app"),
	"cmd":               with(base, "telemetry", "compress", "knowledge", "evidence", "agents/casebook", "report", "eval", "demo", "internal/app", "internal/whole", "store", "api", "connectors", "web", "collect"),
}

// mayExec are the rooms that may start another program. There is no shell in
// the product; benchmarks run the binary as a user does,
// and the lab runs real servers.
var mayExec = []string{"bench", "lab", "store/storetest"}

// mayGo are the rooms that may start a bare goroutine.
var mayGo = []string{"internal/app", "internal/settings"}

func with(base []string, more ...string) []string {
	return append(slices.Clone(base), more...)
}

func TestRules(t *testing.T) {
	root := filepath.Join("..", "..")
	n := 0
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && p != root && (name == "testdata" || strings.HasPrefix(name, ".") || name == "bin" || name == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		src, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		n++
		for _, v := range violations(filepath.ToSlash(rel), src) {
			t.Error(v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 10 {
		t.Errorf("only %d Go files found below %s", n, root)
	}
}

// violations returns the rules that a file breaks, one sentence each. The
// file's path is relative to the module, with slashes.
func violations(file string, src []byte) []string {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, src, parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	pkg, test := path.Dir(file), strings.HasSuffix(file, "_test.go")
	room, ok := roomOf(pkg)
	if !ok {
		return []string{fmt.Sprintf("%s: room %q is not in the table of internal/arch", file, pkg)}
	}
	var out []string
	for _, imp := range f.Imports {
		p, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			return append(out, err.Error())
		}
		if why := forbidden(pkg, room, p, test); why != "" {
			out = append(out, fmt.Sprintf("%s: imports %s: %s", fset.Position(imp.Pos()), p, why))
		}
	}
	if !test && !slices.Contains(mayGo, room) {
		ast.Inspect(f, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok {
				out = append(out, fmt.Sprintf("%s: starts a bare goroutine: use errgroup", fset.Position(g.Pos())))
			}
			return true
		})
	}
	return out
}

// forbidden says why a package may not import p, or "" if it may.
func forbidden(pkg, room, p string, test bool) string {
	if rest, ours := strings.CutPrefix(p, module+"/"); ours {
		if rest == pkg || test && !strings.HasPrefix(rest, "cmd/") {
			return "" // a test may lean on any room: the compiler refuses cycles
		}
		if within(rest, room) && roomName(rest) == room {
			return ""
		}
		for _, a := range rooms[room] {
			if within(rest, a) {
				return ""
			}
		}
		return fmt.Sprintf("%s may import %s", room, list(rooms[room]))
	}
	if p == "os/exec" && !test && !slices.Contains(mayExec, room) {
		return "only " + list(mayExec) + " and tests may start another program"
	}
	first, _, _ := strings.Cut(p, "/")
	if strings.Contains(first, ".") && !test && slices.Contains(leaves, room) {
		return room + " uses the standard library only"
	}
	return ""
}

// roomOf returns the longest room that holds a package.
func roomOf(pkg string) (string, bool) {
	r := roomName(pkg)
	return r, r != ""
}

func roomName(pkg string) string {
	best := ""
	for r := range rooms {
		if within(pkg, r) && len(r) > len(best) {
			best = r
		}
	}
	return best
}

// within reports whether a package is a room or below it.
func within(pkg, room string) bool {
	return pkg == room || strings.HasPrefix(pkg, room+"/")
}

func list(names []string) string {
	if len(names) == 0 {
		return "no other room"
	}
	return strings.Join(names, ", ")
}

// TestViolations shows that each rule can fail.
func TestViolations(t *testing.T) {
	for _, tt := range []struct {
		name, file, src string
		want            string // part of the one violation; "" if there is none
	}{
		{"noun imports a room", "incident/x.go", `import _ "triagent/telemetry"`, "incident may import no other room"},
		{"noun imports a library", "internal/errs/x.go", `import _ "github.com/google/go-cmp/cmp"`, "standard library only"},
		{"noun imports the standard library", "incident/x.go", `import _ "time"`, ""},
		{"upward", "telemetry/x.go", `import _ "triagent/agents"`, "telemetry may import incident, internal/errs"},
		{"upward from a sub-room", "agents/data/x.go", `import _ "triagent/meta"`, "agents may import"},
		{"sideways", "knowledge/x.go", `import _ "triagent/report"`, "knowledge may import"},
		{"evidence by the compressor", "compress/x.go", `import _ "triagent/evidence"`, "compress may import"},
		{"the compressor by evidence", "evidence/x.go", `import _ "triagent/compress"`, ""},
		{"own sub-room", "agents/task/x.go", `import _ "triagent/agents"`, ""},
		{"room above by the command", "cmd/triagent/x.go", `import _ "triagent/internal/app"`, ""},
		{"similar name is another room", "telemetry/x.go", `import _ "triagent/incidental"`, "telemetry may import"},
		{"unknown room", "misc/x.go", ``, "not in the table"},
		{"another program", "report/x.go", `import _ "os/exec"`, "may start another program"},
		{"another program in a test", "report/x_test.go", `import _ "os/exec"`, ""},
		{"goroutine", "report/x.go", `func f() { go f() }`, "bare goroutine"},
		{"goroutine in the app", "internal/app/x.go", `func f() { go f() }`, ""},
		{"broken file", "report/x.go", `func`, "expected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := violations(tt.file, []byte("package x\n"+tt.src+"\n"))
			switch {
			case tt.want == "" && len(got) > 0:
				t.Errorf("got %q, want none", got)
			case tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)):
				t.Errorf("got %q, want one with %q", got, tt.want)
			}
		})
	}
}
