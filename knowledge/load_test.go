package knowledge_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"triagent/internal/errs"
	"triagent/knowledge"
)

// folder is a user's folder with one file.
func folder(text string) fstest.MapFS {
	return fstest.MapFS{"own/mine.yaml": {Data: []byte(text)}}
}

// card is a whole fault card, for tests that break one line of it.
const card = `cards:
  - fault: cache_cold
    name: {en: Cold cache, zh: 缓存未预热}
    text: {en: The cache is empty., zh: 缓存为空。}
    nature: internal
    prior: -3
    for:
      - {signal: cache.hit, weight: 2}
    needed:
      - [cache.hit]
    explains: [request.latency]
    do:
      - {action: observe, params: {gather: "@thread_dump"}}
`

func TestLoadUserFiles(t *testing.T) {
	b, err := knowledge.Load(folder(card), folder(`
signals:
  - {signal: cpu.use, bad: up, nature: internal, floor: 0.5, en: Busy, zh: 忙}
  - {signal: tape.wear, bad: up, nature: internal, en: tape wear, zh: 磁带磨损}
metrics:
  - table: own
    rules:
      - {if: "cpu+percent", is: tape.wear}
      - {if: "wear", is: tape.wear, unit: percent, scale: 100}
logs:
  - table: own
    rules:
      - {is: [tape.wear], any: ["tape is worn"]}
words:
  - {key: role.leader, en: boss, zh: 老大}
runbooks:
  - fault: disk_full
    title: {en: Our disk, zh: 我们的磁盘}
    steps: [{text: {en: Call Bob., zh: 找鲍勃。}}]
`))
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := b.Card("cache_cold"); !ok || c.For[0].Weight != 2 {
		t.Errorf("the user's card is %+v, %v", c, ok)
	}
	if s, _ := b.Signal("cpu.use"); s.Floor != 0.5 || s.Weight != 1 || s.Resource != "cpu" || s.Kind != "use" {
		t.Errorf("the overridden signal is %+v", s)
	}
	if m, _ := b.Metric("iotdb", "", "cpu_percent"); m.Signal != "tape.wear" {
		t.Errorf("the user's general table gave way to the built-in one of the system: %+v", m)
	}
	if m, _ := b.Metric("", "", "wear"); m.Signal != "tape.wear" || m.Scale != 100 {
		t.Errorf("wear is %+v", m)
	}
	if got := b.Log("", 0, "the TAPE IS WORN out"); len(got) != 1 || got[0] != "tape.wear" {
		t.Errorf("log meaning is %v", got)
	}
	if w, _ := b.Word("en", "role.leader"); w != "boss" {
		t.Errorf("word is %q", w)
	}
	if r, _ := b.Runbook("disk_full", "other"); r.Titles.EN != "Our disk" {
		t.Errorf("runbook is %+v", r)
	}
	plain := load(t)
	if _, ok := plain.Card("cache_cold"); ok {
		t.Error("a user's file changed the embedded base")
	}
	if s, _ := plain.Signal("cpu.use"); s.Floor == 0.5 {
		t.Error("a user's file changed an embedded signal")
	}
}

func TestLoadErrorsNameThePlace(t *testing.T) {
	in := func(from, to string) string {
		if !strings.Contains(card, from) {
			t.Fatalf("the card has no %q", from)
		}
		return strings.Replace(card, from, to, 1)
	}
	signal := func(rest string) string { return "signals:\n  - " + rest + "\n" }
	for _, tt := range []struct {
		name, text   string
		line, column int
		want         string
	}{
		{"syntax", "signals: [\n", 1, 10, "sequence end"},
		{"tab", "signals:\n\t- a\n", 2, 1, "cannot start any token"},
		{"unknown key at the top", "signal: []\n", 1, 1, `unknown key "signal"`},
		{"unknown key in a card", in("nature:", "natur:"), 5, 5, `unknown key "natur"`},
		{"key twice", "words: []\nwords: []\n", 2, 1, "already defined"},
		{"list wanted", "signals: 3\n", 1, 10, "want a list"},
		{"text wanted", signal("{signal: [a], en: a}"), 2, 14, "want a text"},
		{"number wanted", signal("{signal: a.b, floor: much}"), 2, 26, "want a number"},
		{"mapping wanted", "cards: [a]\n", 1, 9, "want keys and values"},
		{"nothing given", signal("{signal: a.b, en: }"), 2, 22, "have nothing"},
		{"anchor", "words: &a []\n", 1, 8, "anchor"},
		{"tag", "words: !!seq []\n", 1, 8, "tag"},
		{"two documents", "words: []\n---\nwords: []\n", 3, 1, "second document"},
		{"deep", strings.Repeat("[", 40), 1, 33, "nested deeper"},
		{"signal without a kind", signal("{signal: cpu, nature: load, en: a, zh: b}"), 2, 14, "resource.kind"},
		{"bad direction", signal("{signal: a.b, nature: load, bad: new, en: a, zh: b}"), 2, 38, `bad "new"`},
		{"bad nature", signal("{signal: a.b, nature: own, en: a, zh: b}"), 2, 27, `nature "own"`},
		{"no Chinese", signal("{signal: a.b, nature: load, en: a}"), 2, 5, "zh is missing"},
		{"negative floor", signal("{signal: a.b, nature: load, floor: -1, en: a, zh: b}"), 2, 40, "floor -1"},
		{"signal twice", signal("{signal: a.b, nature: load, en: a, zh: b}\n  - {signal: a.b, nature: load, en: a, zh: b}"), 3, 5, "given twice"},
		{"undefined signal in a rule", "metrics:\n  - table: a\n    rules:\n      - {if: b, is: cpu.usage}\n", 4, 21, "cpu.use"},
		{"pattern of no tokens", "metrics:\n  - table: a\n    rules:\n      - {if: \"!b\", is: cpu.use}\n", 4, 14, "asks for no token"},
		{"pattern with two tokens", "metrics:\n  - table: a\n    rules:\n      - {if: cpuUse, is: cpu.use}\n", 4, 14, "not one token"},
		{"empty alternative", "units:\n  - {if: a||b, unit: s}\n", 2, 10, "empty alternative"},
		{"scope of no sort", "scopes:\n  - {if: a, scope: moon}\n", 2, 20, `scope "moon"`},
		{"system in capitals", "metrics:\n  - table: a\n    systems: [MySQL]\n    rules: []\n", 3, 15, "lower case"},
		{"log rule that asks nothing", "logs:\n  - table: a\n    rules:\n      - {is: [log.lock]}\n", 4, 9, "asks for nothing"},
		{"log rule without meaning", "logs:\n  - table: a\n    rules:\n      - {any: [ab]}\n", 4, 9, "gives no signal"},
		{"short phrase", "logs:\n  - table: a\n    rules:\n      - {is: [log.lock], any: [a]}\n", 4, 32, "shorter"},
		{"level", "logs:\n  - table: a\n    rules:\n      - {is: [log.lock], any: [ab], level: loud}\n", 4, 44, `level "loud"`},
		{"fault with a blank", in("cache_cold", "cache cold"), 2, 12, "a-z"},
		{"unknown as a fault", in("cache_cold", "unknown"), 2, 12, "no fault"},
		{"card in one language", in(", zh: 缓存为空。", ""), 4, 11, "zh is missing"},
		{"card in a third language", in("zh: 缓存为空。", "zh: 缓存为空。, fr: vide"), 4, 48, `unknown key "fr"`},
		{"prior", in("-3", "7"), 6, 12, "prior 7"},
		{"no evidence", in("    for:\n      - {signal: cache.hit, weight: 2}\n", ""), 2, 5, "no evidence"},
		{"undefined signal in a card", in("cache.hit, w", "cache.hot, w"), 8, 18, "cache.hit"},
		{"weight of nothing", in("weight: 2", "weight: 0"), 8, 37, "weight 0"},
		{"weight missing", in(", weight: 2", ""), 8, 9, "weight 0"},
		{"direction", in("weight: 2", "weight: 2, direction: left"), 8, 51, `direction "left"`},
		{"place", in("weight: 2", "weight: 2, at: home"), 8, 44, `at "home"`},
		{"shape", in("weight: 2", "weight: 2, shape: round"), 8, 47, `shape "round"`},
		{"conjunction", in("weight: 2", "weight: 2, all: [cache.hit, cache.cold up]"), 8, 57, "cache.cold"},
		{"conjunction of three words", in("weight: 2", "weight: 2, all: [cache.hit is up]"), 8, 46, "net.out down"},
		{"empty need", in("[cache.hit]", "[]"), 10, 9, "never be observed"},
		{"undefined explained", in("[request.latency]", "[request.pain]"), 11, 16, "request.pain"},
		{"no such action", in("observe", "pray"), 13, 18, `action "pray"`},
		{"no such parameter", in("gather:", "collect:"), 13, 45, "no parameter"},
		{"parameter missing", in(", params: {gather: \"@thread_dump\"}", ""), 13, 9, `needs the parameter "gather"`},
		{"undefined word", in("@thread_dump", "@nothing"), 13, 44, "param.nothing"},
		{"nothing to do", in("    do:\n      - {action: observe, params: {gather: \"@thread_dump\"}}\n", ""), 2, 5, "nothing to do"},
		{"role", in("nature:", "roles: [king]\n    nature:"), 5, 13, `role "king"`},
		{"risky action without approval", "actions:\n  - action: a\n    name: {en: a, zh: b}\n    text: {en: a, zh: b}\n    risk: high\n    verify: {text: {en: a, zh: b}}\n    undo: {text: {en: a, zh: b}}\n", 2, 5, "needs approval"},
		{"undo by an unknown action", "actions:\n  - action: a\n    name: {en: a, zh: b}\n    text: {en: a, zh: b}\n    risk: low\n    verify: {text: {en: a, zh: b}}\n    undo: {action: c, text: {en: a, zh: b}}\n", 7, 20, `action "c"`},
		{"runbook of no fault", "runbooks:\n  - fault: boredom\n    title: {en: a, zh: b}\n    steps: [{text: {en: a, zh: b}}]\n", 2, 12, "no card"},
		{"runbook without steps", "runbooks:\n  - fault: disk_full\n    title: {en: a, zh: b}\n", 2, 5, "no steps"},
		{"empty word", "words:\n  - {key: a, en: \"\", zh: b}\n", 2, 18, "en is missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := knowledge.Load(folder(tt.text))
			var e *errs.Error
			if !errors.As(err, &e) {
				t.Fatalf("Load accepts it, or fails without a place: %v", err)
			}
			if e.Kind != errs.Invalid || e.File != "own/mine.yaml" || e.Line != tt.line || e.Column != tt.column {
				t.Errorf("%s error at %s, want invalid at own/mine.yaml:%d:%d: %v", e.Kind, e.Place(), tt.line, tt.column, err)
			}
			if !strings.Contains(e.Error(), tt.want) {
				t.Errorf("message %q does not say %q", e.Error(), tt.want)
			}
		})
	}
}

// Several folders may hold files of the same name: errors say which one is meant.
func TestLoadErrorsNameTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "site")
	if err := os.MkdirAll(filepath.Join(dir, "cards"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "cards", "mine.yaml")
	if err := os.WriteFile(file, []byte("signals: 3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := knowledge.Load(knowledge.Dir(dir))
	var e *errs.Error
	if !errors.As(err, &e) || e.File != file || e.Line != 1 || e.Column != 10 {
		t.Errorf("Load gives %v, want an error at %s:1:10", err, file)
	}
	t.Chdir(filepath.Dir(dir))
	if _, err = knowledge.Load(knowledge.Dir("./site")); !errors.As(err, &e) || e.File != filepath.Join("site", "cards", "mine.yaml") {
		t.Errorf("Load gives %v, want an error in the folder as it was given", err)
	}
}

func TestLoadBounds(t *testing.T) {
	_, err := knowledge.Load(folder(strings.Repeat("# long\n", 200_000)))
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("a file of 1.4 MB gives %v", err)
	}
	for _, text := range []string{"", "# nothing\n", "---\n", "null\n"} {
		if _, err := knowledge.Load(folder(text)); err != nil {
			t.Errorf("a file with nothing in it (%q) gives %v", text, err)
		}
	}
	if _, err := knowledge.Load(fstest.MapFS{"notes.txt": {Data: []byte("{")}}); err != nil {
		t.Errorf("a file that is no YAML file is read: %v", err)
	}
}

// FuzzLoad wants that no file breaks the loader, and that every refusal names a
// place in it.
func FuzzLoad(f *testing.F) {
	f.Add(card)
	f.Add("signals:\n  - {signal: a.b, nature: load, en: a, zh: b}\n")
	f.Add("metrics:\n  - table: a\n    rules:\n      - {if: \"a|b* !c+d ^e f$\", is: cpu.use}\n")
	f.Add("logs: [{table: a, rules: [{is: [log.lock], any: [=ab]}]}]")
	f.Add("words:\n  - key: a\n    en: |\n      long\n    zh: >\n      长\n")
	f.Add("a: &b [*b, <<: {c: !!str d}]\n---\n? x\n: - - y")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := knowledge.Load(folder(text))
		if err == nil {
			b.Metric("", "", "cpu_percent")
			b.Log("", 0, text)
			return
		}
		var e *errs.Error
		if !errors.As(err, &e) || e.Kind != errs.Invalid || e.File == "" || e.Line < 1 && len(text) <= 1<<20 {
			t.Errorf("an error without a place: %v", err)
		}
	})
}
