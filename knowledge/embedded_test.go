package knowledge

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "rewrite base.json and runbooks.json from base/")

// compact reads and checks base/ and returns the two embedded forms.
func compact(t testing.TB) (base, books []byte) {
	t.Helper()
	doc, runbooks, err := extend(new(document), nil, os.DirFS("base"))
	if err != nil {
		t.Fatalf("base/%v", err)
	}
	doc.Runbooks = nil
	return encode(t, doc), encode(t, runbooksFile{runbooks})
}

// encode returns v as compact JSON with one line an entry of a list, so that a
// change is seen as one.
func encode(t testing.TB, v any) []byte {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(out.Bytes(), []byte(`},{"`), []byte("},\n{\""))
}

func TestEmbeddedIsCurrent(t *testing.T) {
	base, books := compact(t)
	for _, f := range []struct {
		name       string
		have, want []byte
	}{{"base.json", embeddedBase, base}, {"runbooks.json", embeddedRunbooks, books}} {
		if bytes.Equal(f.have, f.want) {
			continue
		}
		if !*update {
			t.Errorf("%s is not what base/ says: run go generate ./knowledge", f.name)
			continue
		}
		if err := os.WriteFile(f.name, f.want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoadYAML(b *testing.B) {
	for b.Loop() {
		if _, _, err := extend(new(document), nil, os.DirFS("base")); err != nil {
			b.Fatal(err)
		}
	}
}
