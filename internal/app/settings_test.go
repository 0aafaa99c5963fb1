package app

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestParseSettings(t *testing.T) {
	t.Setenv("TRIAGENT_TEST_SECRET", "s3cret")
	for _, tt := range []struct {
		name, text string
		want       string // of the error; empty: none
	}{
		{"empty", "", ""},
		{"comment", "# nothing\n", ""},
		{"all kinds", "listen: 127.0.0.1:9\nhooks:\n  settle: 5s\nsmtp:\n  host: mail\n  from: a@b.c\n  user: u\n  password: ${env:TRIAGENT_TEST_SECRET}\n", ""},
		{"unknown key", "listen: 127.0.0.1:9\nlisten_addr: x\n", `s.yaml:2:1: "listen_addr" is no setting at the top of the file; did you mean listen?`},
		{"wrong type", "diagnosis:\n  workers: many\n", `s.yaml:2:12: diagnosis.workers: "many" is no whole number (write a whole number, as 4)`},
		{"learns nothing", "diagnosis:\n  learn: false\n", ""},
		{"neither yes nor no", "diagnosis:\n  learn: perhaps\n", "s.yaml:2:10"},
		{"wrong value", "listen: 127.0.0.1:9\nlog:\n  level: loud\n", "s.yaml:3:10: log.level"},
		{"not YAML", "listen: [\n", "s.yaml:1"},
		{"no such variable", "smtp:\n  password: ${env:TRIAGENT_TEST_NONE}\n", "TRIAGENT_TEST_NONE"},
		{"no such file", "hooks:\n  slack:\n    signing_secret: ${file:/nowhere/at/all}\n", "/nowhere/at/all"},
		{"half a key pair", "tls:\n  cert: c.pem\n", "s.yaml:2"},
		{"a password as it is", "database: postgres://u:p@ss:word@127.0.0.1/db\n", "%40"},
		{"not a database", "database: mysql://x\n", "s.yaml:1:11: database"},
		{"not a proxy", "proxies: [10.0.0.0/8, nginx]\n", "s.yaml:1:23: proxies[1]"},
		{"no sender", "smtp:\n  host: mail\n", "s.yaml:2:3: smtp"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parseSettings(t.Context(), "s.yaml", []byte(tt.text))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Fatalf("error %v, want %q", err, tt.want)
			}
			if tt.want == "" && s.learns() == (tt.name == "learns nothing") {
				t.Errorf("learns: %v", s.learns())
			}
			if tt.name == "all kinds" && (string(s.SMTP.Password) != "s3cret" || time.Duration(s.Hooks.Settle) != 5*time.Second) {
				t.Errorf("settings %+v", s)
			}
			if out := fmt.Sprintf("%v %+v %#v", s, s, s.SMTP.Password); strings.Contains(out, "s3cret") {
				t.Errorf("a secret is printed: %s", out)
			}
		})
	}
}

// Every piece of settings that the documentation shows can be read.
func TestDocumentedSettings(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "service.md"))
	if err != nil {
		t.Fatal(err)
	}
	inserted := regexp.MustCompile(`\$\{(env|file):[^}]*\}`)
	n := 0
	for _, block := range strings.Split(string(text), "```yaml\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		if strings.HasPrefix(block, "route:") {
			continue // of Alertmanager
		}
		n++
		block = inserted.ReplaceAllStringFunc(block, func(s string) string {
			if strings.Contains(s, "DATABASE") {
				return "postgres://u:p@127.0.0.1/db"
			}
			return "something of sixteen letters"
		})
		if _, err := parseSettings(t.Context(), "service.md", []byte(block)); err != nil {
			t.Errorf("%v in\n%s", err, block)
		}
	}
	if n < 5 {
		t.Errorf("%d pieces of settings found", n)
	}
}
