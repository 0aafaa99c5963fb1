package app

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"triagent/internal/errs"
	"triagent/internal/settings"
)

// parseSettings reads settings from a text.
func parseSettings(ctx context.Context, file string, text []byte) (Settings, error) {
	s := Settings{File: file}
	err := settings.Parse(ctx, file, text, &s, s.rules())
	return s, err
}

// TestWordsOfSettings has every error name the place of the value, what was
// expected and what to do, and no type of Go.
func TestWordsOfSettings(t *testing.T) {
	t.Setenv("TRIAGENT_TEST_NUMBER", "12")
	system := "systems:\n  - name: s\n    sources:\n      - kind: prometheus\n        url: http://a:1\n        "
	for _, c := range []struct{ text, want string }{
		{system + "timeout: soon\n", `6:18: systems[0].sources[0].timeout: "soon" is no length of time (write a length of time, as 30s, 5m or 1h30m)`},
		{system + "timeout: 5\n", `6:18: systems[0].sources[0].timeout: "5" is no length of time (write its unit too, as 5s)`},
		{system + "retries: 99999999999999999999\n", `6:18: systems[0].sources[0].retries: "99999999999999999999" is no whole number`},
		{system + "tls: {skip_verify: sure}\n", `6:28: systems[0].sources[0].tls.skip_verify: "sure" is no yes or no (write a yes or no, as true or false)`},
		{system + "timeout: 2h\n", "6:18: systems[0].sources[0].timeout: it is 2h0m0s, and may be up to 10m"},
		{system + "at_onec: 4\n", `6:9: "at_onec" is no setting in systems[0].sources[0]; did you mean at_once? (there may be: at_once, `},
		{"systems:\n  - name: s\n    sources:\n      - url: x\n", "4:9: systems[0].sources[0]: the kind of source is missing (kinds are: "},
		{"systems: 5\n", `1:10: systems: "5" is no list (write a list`},
		{"hooks: [a]\n", "1:8: hooks: a list is no group of settings"},
		{"hooks:\n  window: 1m\n  settle: 5h\n", "3:11: hooks.settle: it is 5h0m0s, and may be up to 1h"},
		{"hooks:\n  settle: 5s\n  slack:\n    signing_secret: short\n", "4:21: hooks.slack.signing_secret: it has 5 bytes"},
		{"hooks:\n  settle: 5s\n  generic:\n    shop:\n      list: a\n      secret: short\n", "6:15: hooks.generic.shop.secret: it has 5 bytes"},
		{"oidc:\n  - id: corp\n    issuer: here\n", "3:13: oidc[0]: issuer is not a URL"},
		{"listen: a\nlisten: b\n", `2:1: mapping key "listen" already defined`},
		{"hello\n", `1:1: the file holds "hello", and not settings`},
		{"lang: en\n---\nlang: zh\n", "3:1: a second document"},
		{"a: &a [*a]\n", "1:8: an alias (*name) may not stand within an anchor"},
		{"diagnosis: {workers: '${env:TRIAGENT_TEST_NUMBER}'}\n", "1:22: diagnosis.workers: what ${env:TRIAGENT_TEST_NUMBER} stands for is no whole number"},
	} {
		_, err := parseSettings(t.Context(), "s.yaml", []byte(c.text))
		if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "s.yaml:"+c.want) {
			t.Errorf("%q:\n%v, want\n%s", c.text, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), "unmarshal") || strings.Contains(err.Error(), "time.Duration")) {
			t.Errorf("%q: words of Go: %v", c.text, err)
		}
	}
}

// TestManyProblems tells all that is wrong at once, in the order of the file.
func TestManyProblems(t *testing.T) {
	_, err := parseSettings(t.Context(), "s.yaml", []byte("diagnosis:\n  workers: many\n  queu: 1\nlog: 5\n"))
	if err == nil || strings.Count(err.Error(), "s.yaml:") != 3 || strings.Index(err.Error(), "s.yaml:4") < strings.Index(err.Error(), "s.yaml:3") {
		t.Errorf("%v", err)
	}
}

// TestReferencesStayHidden puts a reference everywhere and finds nothing of what
// it stands for in the error.
func TestReferencesStayHidden(t *testing.T) {
	const secret = "hunter2-Tops3cret-value-that-is-longer-than-what-messages-quote-of-anything-and-goes-on-for-quite-a-while"
	t.Setenv("TRIAGENT_TEST_SECRET", secret)
	text := `listen: X
lang: X
database: X
proxies: ['X']
log: {level: 'X', format: 'X'}
tls: {cert: 'X', key: 'X'}
public_url: X
smtp: {host: 'X', security: 'X', from: 'X', port: 1}
hooks: {slack: {signing_secret: 'X', lang: 'X'}, generic: {shop: {list: 'X', name: 'X'}}}
oidc: [{id: 'X', issuer: 'X'}]
systems:
  - name: X
    kind: X
    log_zone: X
    sources:
      - {kind: 'X'}
      - {kind: prometheus, url: 'X', match: 'X', node_label: 'X', timeout: 'X', user: 'X', 'name': 'X'}
      - {kind: postgresql, hosts: ['X'], user: 'X', tls: {mode: 'X'}}
      - {kind: files, paths: ['X'], format: 'X'}
      - {kind: iotdb, urls: ['X'], metrics: ['X']}
`
	lines := strings.SplitAfter(text, "\n")
	texts := []string{text}
	texts = append(texts, lines[:10]...)
	for i := 16; i < 20; i++ { // one source at a time, and one value at a time
		texts = append(texts, "systems:\n  - name: s\n    sources:\n"+lines[i])
		parts := strings.Split(lines[i], "'X'")
		for k := range len(parts) - 1 {
			l := strings.Join(parts[:k+1], "harmless") + "'X'" + strings.Join(parts[k+1:], "harmless")
			texts = append(texts, "systems:\n  - name: s\n    sources:\n"+l)
		}
	}
	texts = append(texts, "systems:\n  - {name: s, kind: 'X', sources: [{kind: files, paths: [/a]}]}\n", "systems:\n  - {name: s, sources: [{kind: 'X'}]}\n")
	wrong := 0
	for _, text := range texts {
		_, err := parseSettings(t.Context(), "s.yaml", []byte(strings.ReplaceAll(text, "X", "${env:TRIAGENT_TEST_SECRET}")))
		if err == nil {
			continue
		}
		wrong++
		for i := 0; i+6 <= len(secret); i++ {
			if strings.Contains(err.Error(), secret[i:i+6]) {
				t.Errorf("%q is in the error of\n%s\n%v", secret[i:i+6], text, err)
				break
			}
		}
	}
	if wrong < 20 {
		t.Errorf("only %d of %d texts are wrong", wrong, len(texts))
	}
}

// deep are texts that the parser would take minutes or more for.
func deep() []string {
	unfold := "a: &a0 [x]\n"
	for i := 1; i < 30; i++ {
		p := "*a" + string(rune('0'+(i-1)%10))
		unfold += "b" + string(rune('a'+i%26)) + ": &a" + string(rune('0'+i%10)) + " [" + p + "," + p + "]\n"
	}
	return []string{
		strings.Repeat("[", 200_000), "a: " + strings.Repeat("[[", 100_000), strings.Repeat("- ", 100_000), strings.Repeat("? ", 100_000),
		strings.Repeat("[a,", 60_000), strings.Repeat("{a: ", 60_000), strings.Repeat("[ # ]\n", 40_000), strings.Repeat("a: b\n", 50_000),
		strings.Repeat("[\"]\",", 40_000), "it's " + strings.Repeat("[", 200_000), unfold,
	}
}

// TestDeepSettings refuses what the parser takes too long for, with a place.
func TestDeepSettings(t *testing.T) {
	for _, text := range deep() {
		_, err := parseSettings(t.Context(), "s.yaml", []byte(text))
		if errs.KindOf(err) != errs.Invalid || !strings.HasPrefix(err.Error(), "s.yaml:1:") && !strings.HasPrefix(err.Error(), "s.yaml:") {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	_, err := parseSettings(t.Context(), "s.yaml", []byte("a:\n  "+strings.Repeat("[", 200_000)))
	if err == nil || !strings.Contains(err.Error(), "s.yaml:2:103: more than 100 brackets are open at once") {
		t.Errorf("%v", err)
	}
}

// TestInterrupted ends reading when the user does, even where the file system
// never answers, and reads no endless file.
func TestInterrupted(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ReadSettings(ctx, pipe); err == nil {
		t.Error("a pipe that nobody writes to was read")
	}
	if f, err := os.OpenFile(pipe, os.O_RDWR, 0); err == nil { // lets the reader go
		_ = f.Close()
	}
	if _, err := ReadSettings(t.Context(), "/dev/zero"); errs.KindOf(err) != errs.Invalid {
		t.Errorf("an endless file: %v", err)
	}
	if _, err := ReadSettings(t.Context(), filepath.Join(t.TempDir(), "none")); errs.KindOf(err) != errs.NotFound {
		t.Errorf("no file: %v", err)
	}
}

// FuzzSettings reads anything without a crash, and every error has a place.
func FuzzSettings(f *testing.F) {
	for _, text := range deep() {
		f.Add([]byte(text[:min(len(text), 3000)]))
	}
	f.Add([]byte("systems:\n  - name: s\n    kind: iotdb\n    sources:\n      - {kind: prometheus, url: 'http://a:1', timeout: 5s}\n"))
	f.Add([]byte("hooks: {window: 1m, generic: {shop: {name: [a, b], labels: {x: a.b}}}}\nsmtp: {host: m, port: 25}\n"))
	f.Add([]byte("a: &a {b: c}\n<<: *a\nlog: *a\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if strings.Contains(string(text), "${file:") {
			return
		}
		_, err := parseSettings(t.Context(), "s.yaml", text)
		if err != nil && errs.KindOf(err) != errs.Invalid {
			t.Errorf("%v", err)
		}
	})
}

// TestDocumentedKinds keeps the list of kinds in the documentation true.
func TestDocumentedKinds(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "connectors", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := systemKinds(nil)
	if err != nil {
		t.Fatal(err)
	}
	for of, want := range map[string][]string{"Kinds of system: ": kinds, "Kinds of source: ": kindNames()} {
		_, rest, _ := strings.Cut(string(text), of)
		line, _, _ := strings.Cut(rest, ".\n")
		var have []string
		for i, part := range strings.Split(line, "`") {
			if i%2 == 1 {
				have = append(have, part)
			}
		}
		if !slices.Equal(have, want) {
			t.Errorf("docs/connectors/README.md says %s%q, want %q", of, have, want)
		}
	}
}
