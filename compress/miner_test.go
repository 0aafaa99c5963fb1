package compress

import (
	"fmt"
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"Got assigned task 1335", "Got assigned task <*>"},
		{"boot = -24, init = +64%", "boot = <*>, init = +<*>%"},
		{"at 0x11042a80, mask 0x04.", "at <*>, mask <*>."},
		{"from /10.251.123.132:50010 to 10.0.0.1", "from <*> to <*>"},
		{"open /var/log/x.log and hdfs://h:9000/a/b.log:1+2 done", "open <*> and <*> done"},
		{`Core: C:\Windows\winsxs\x\cbscore.dll, next`, "Core: <*>, next"},
		{"instance 54b44eb4-2d1a-4aa2-ba6b-074d35f8f12c ok", "instance <*> ok"},
		{`lock=2335, tag="View Lock", ws=null`, `lock=<*>, tag="<*>", ws=<*>`},
		{"at Sat Jul  9 12:59:44 2005 or 2017-05-16 05:00:00.", "at <*> or <*>."},
		{"generating core.2275", "generating core.<*>"},
		{"privileged instruction...0", "privileged instruction...<*>"},
		{"jk2_init() with log4j in utf8", "jk2_init() with log4j in utf8"},
		{"delete  blk_-1212121 blk_2323232 blk_3333333", "delete <*>"},
		{"Opened www.example.com:443 and node-7:80", "Opened <*> and <*>"},
		{"mac 00:1a:ff:9c:AB:01 and FF:F2:9F:16 up", "mac <*> and <*> up"},
		{"r24=0x1 fpr29=5 k=v", "r24=<*> fpr29=<*> k=v"},
		{"0000:00:1e.0 took 5.4 KB (12:30)", "<*> took <*> KB (<*>)"},
		{"ffffffff deadbeef is a facade", "<*> <*> is a facade"},
		{"Server@1c9a5d5 of a.b.Server@7f", "Server@<*> of a.b.Server@<*>"},
		{"got [{file: 1, ok}, {file: 2, ok}, {file: 3, ok}], [] done", "got [{file: <*>, ok}], [] done"},
		{"a=(x 1), b=(x 1), c", "a=(x <*>), b=(x <*>), c"},
		{"1,2,3,4 and x,y", "<*> and x,y"},
		{"session true or False", "session <*> or <*>"},
		{"a.b.Message@affe3cc in", "a.b.Message@<*> in"},
		{`level=info msg="stopped tailing 3 files of all that were there" err="no such file"`, `level=info msg="stopped tailing <*> files of all that were there" err="<*>"`},
		{`"Error syncing pod, skipping it for now" pod="x"`, `"Error syncing pod, skipping it for now" pod="<*>"`},
		{`run err="open \"a b\" failed" id="" now`, `run err="<*>" id="" now`},
		{"", ""},
		{" \t ", ""},
	} {
		m := NewMiner(Config{})
		if got := m.Template(m.Add([]byte(tt.line))); got != tt.want {
			t.Errorf("template of %q is %q, want %q", tt.line, got, tt.want)
		}
	}
}

func TestMerge(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		want  []string // distinct templates, in order
	}{
		{"values of keys", []string{"x ok user=root", "x ok user=guest"}, []string{"x ok user=<*>"}},
		{"after a noun", []string{"closed for user cyrus", "closed for user news"}, []string{"closed for user <*>"}},
		{"states stay", []string{"VM Started now", "VM Paused now", "VM Resumed now", "VM Stopped now", "VM Killed now"}, []string{"VM Started now", "VM Paused now", "VM Resumed now", "VM Stopped now", "VM Killed now"}},
		{"identifiers", []string{"set a.b.c to 5", "set a.d to 6"}, []string{"set <*> to <*>"}},
		{"units", []string{"size 5 KB free", "size 917 B free"}, []string{"size <*> free"}},
		{"many words", []string{"fetch ann for us", "fetch bob for us", "fetch cid for us", "fetch dan for us"}, []string{"fetch <*> for us"}},
		{"values after colons", []string{"[query][name: suzhou] ok", "[query][name: nanjing] ok"}, []string{"[query][name: <*>] ok"}},
		{"sentences after colons", []string{"run: it failed", "run: it ended", "Health: live", "Health: ready"}, []string{"run: it failed", "run: it ended", "Health: live", "Health: ready"}},
		{"settings", []string{"-Dnet.pool: on", "-Dnet.ssl: off", "-Dnet.pool: off"}, []string{"-Dnet.pool: on", "-Dnet.ssl: off", "-Dnet.pool: off"}},
		{"lists", []string{"on [1, 2, 3] go", "on [1] go", "on [5, 6] go", "(4, 5)"}, []string{"on [<*>] go", "(<*>, <*>)"}},
		{"lists of words", []string{"via [ulm, bern]", "via [rome, pisa, bari]", "via ulm, bern"}, []string{"via [<*>]", "via ulm, bern"}},
		{"quoted", []string{`ask "a b" of x`, `ask "c" of x`, `ask "d e f" of x`}, []string{`ask "<*>" of x`}},
		{"quoted keys", []string{`got {"a": 1}`, `got {"b c": 1}`}, []string{`got {"a": <*>}`, `got {"b c": <*>}`}},
		{"quoted messages", []string{`"a b c" pod="x"`, `"d e f" pod="y"`, `t=1 msg="a b"`, `t=2 msg="c d"`}, []string{`"a b c" pod="<*>"`, `"d e f" pod="<*>"`, `t=<*> msg="a b"`, `t=<*> msg="c d"`}},
		{"few words", []string{"fetch ann for us", "fetch bob for us"}, []string{"fetch ann for us", "fetch bob for us"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := NewMiner(Config{})
			for _, l := range tt.lines {
				m.Add([]byte(l))
			}
			var got []string
			total := int64(0)
			for _, id := range m.Roots() {
				got = append(got, m.Template(id))
				total += m.Count(id)
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) || total != int64(len(tt.lines)) {
				t.Errorf("templates %q with %d records, want %q", got, total, tt.want)
			}
		})
	}
}

func TestAddAllocates(t *testing.T) {
	m := NewMiner(Config{})
	line := []byte(`Received block blk_427477290315080955 of size 67108864 from /10.251.123.132 "x y" a=b`)
	m.Add(line)
	if n := testing.AllocsPerRun(100, func() { m.Add(line) }); n != 0 {
		t.Errorf("Add allocates %v times for a known shape", n)
	}
}

func TestEventID(t *testing.T) {
	if got := EventID("Got assigned task <*>"); got != "6f4dd4ad" && len(got) != 8 {
		t.Errorf("EventID = %q", got)
	}
	if EventID("a") == EventID("b") {
		t.Error("EventID does not depend on the template")
	}
}

// TestBounded feeds far more shapes than the miner may hold.
func TestBounded(t *testing.T) {
	m := NewMiner(Config{MaxShapes: 64})
	var b []byte
	for i := range 5000 {
		b = b[:0]
		for k := range 2 + i%9 {
			b = fmt.Appendf(b, "%s%c ", strings.Repeat(string(rune('g'+(i/7+k)%17)), 1+(i+k)%5), ";,()[]"[(i>>k)%6])
		}
		m.Add(b)
	}
	s := m.Stats()
	if m.live > 64 || s.Templates > 64 {
		t.Errorf("%d shapes live, %d templates; bound 64", m.live, s.Templates)
	}
	total := int64(0)
	for _, id := range m.Roots() {
		total += m.Count(id)
	}
	if total != 5000 {
		t.Errorf("templates hold %d records, want 5000", total)
	}
	if s.Collapsed == 0 && s.Overflow == 0 {
		t.Error("nothing recorded as given up")
	}
}

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		template, line string
		want           bool
	}{
		{"Got task <*>", "Got task 12", true},
		{"Got task <*>", "Got task abc", true},
		{"Got task <*>", "Got task", false},
		{"Got task <*>", "Got task 12 again", false},
		{"size <*> free <*>", "size 5.4 KB free 3 MB", true},
		{"at <*> up", "at Sat Jul  9 12:59:44 2005 up", true},
		{"<*>", "anything", true},
		{"<*>", "two words", false},
		{"via [<*>] ok", "via [ulm, bern, 3] ok", true},
		{"via [<*>] ok", "via [ulm bern] ok", false},
		{"via <*> ok", "via ulm, bern ok", false},
		{`ask "<*>" of`, `ask "what is it" of`, true},
		{`ask "<*>" of`, `ask "" of`, false},
		{"a  b", "a b", false},
		{"a b", "a \t b", true},
		{"x=<*>;y=<*>", "x=1;y=2", true},
		{"x=<*>;y=<*>", "x=;y=2", false},
	} {
		if got := Match(tt.template, tt.line); got != tt.want {
			t.Errorf("Match(%q, %q) = %v", tt.template, tt.line, got)
		}
	}
}

// FuzzMiner feeds the lines of a text to a small and a large miner: counts add
// up, every line is an instance of its template, templates of roots differ,
// and a second run gives the same.
func FuzzMiner(f *testing.F) {
	f.Add("Got task 1\nGot task 2\nclosed for user a\nclosed for user b", uint8(3))
	f.Add("size 5 KB \"a b\" k=\"v w\"\nsize 5 B \"c d\" k=\"v\"\n ff:0a:1b:cc http://x/y?z=1", uint8(0))
	f.Add("a b c\na d c\na e c\na f c\n<*> x\n1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11", uint8(0))
	f.Fuzz(func(t *testing.T, text string, small uint8) {
		lines := strings.Split(text, "\n")
		cfg := Config{MaxShapes: int(small)}
		m, again := NewMiner(cfg), NewMiner(cfg)
		ids := make([]int, len(lines))
		for i, l := range lines {
			ids[i] = m.Add([]byte(l))
			if id := again.Add([]byte(l)); id != ids[i] {
				t.Fatalf("line %d: id %d, then %d", i, ids[i], id)
			}
		}
		total, seen := int64(0), map[string]bool{}
		for _, id := range m.Roots() {
			total += m.Count(id)
			if seen[m.Template(id)] {
				t.Fatalf("two roots have template %q", m.Template(id))
			}
			seen[m.Template(id)] = true
		}
		if total != int64(len(lines)) {
			t.Fatalf("%d records counted of %d", total, len(lines))
		}
		for i, l := range lines {
			tpl := m.Template(ids[i])
			if tpl != again.Template(ids[i]) {
				t.Fatalf("template %q, then %q", tpl, again.Template(ids[i]))
			}
			if m.Root(ids[i]) != overflowID && len(l) <= defaultBytes && !Match(tpl, l) {
				t.Fatalf("line %q is no instance of its template %q", l, tpl)
			}
		}
	})
}

// FuzzMatch holds Match to what it says of any template: masked text of a line
// matches the line, a hole is never empty, blanks before and after matter not.
func FuzzMatch(f *testing.F) {
	f.Add("Got task <*> of <*>", "Got task 12 of x")
	f.Add("size <*>", "size 5.4 KB")
	f.Add("<*><*> <*>", "a 1,2 3")
	f.Fuzz(func(t *testing.T, template, line string) {
		ok := Match(template, line)
		if ok != NewMatcher(template).Match([]byte(line)) {
			t.Fatal("Match varies")
		}
		if ok && template != "" && strings.ReplaceAll(template, " ", "") != "" && strings.TrimSpace(strings.SplitN(line, "\n", 2)[0]) == "" && !strings.HasPrefix(line, "\x00") {
			t.Fatalf("nothing is an instance of %q: %q", template, line)
		}
		m := NewMiner(Config{})
		own := m.Template(m.Add([]byte(line)))
		if len(line) <= defaultBytes && !Match(own, line) {
			t.Fatalf("%q is no instance of its own template %q", line, own)
		}
	})
}
