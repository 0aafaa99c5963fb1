package arch

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// foreign are names of data sets and of what is in them. A rule that knows one
// has been fitted to it.
var foreign = regexp.MustCompile(`(?i)\b(nezha|tvdiag|dbsherlock|loghub|softcup|sock-?shop|train-?ticket|online-?boutique|` +
	`checkoutservice|cartservice|adservice|ts-[a-z]+(-[a-z]+)*-service)\b`)

// comment is one of Go: it may name a method that shares a data set's name.
var comment = regexp.MustCompile(`//.*`)

// TestNoDataSetNames looks for them in everything that makes a diagnosis.
func TestNoDataSetNames(t *testing.T) {
	n := 0
	for _, room := range []string{"agents", "cmd", "compress", "evidence", "incident", "internal/app", "knowledge", "meta", "report", "telemetry"} {
		err := filepath.WalkDir(filepath.Join("..", "..", room), func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && d.Name() == "testdata" {
				return filepath.SkipDir
			}
			ext := filepath.Ext(p)
			if d.IsDir() || strings.HasSuffix(p, "_test.go") || ext != ".go" && ext != ".yaml" && ext != ".json" {
				return nil
			}
			b, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			n++
			if ext == ".go" {
				b = comment.ReplaceAll(b, nil)
			}
			if found := foreign.FindString(string(b)); found != "" {
				t.Errorf("%s names %q", p, found)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < 50 {
		t.Errorf("only %d files found", n)
	}
}

func TestForeign(t *testing.T) {
	for s, want := range map[string]bool{
		"a Nezha case": true, "ts-order-service": true, "ts-travel-plan-service": true, "Sock Shop": false, "sockshop": true,
		"ts-service": false, "service": false, "TrainTicket": true, "training ticket": false,
	} {
		if got := foreign.MatchString(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}
