package app

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the OpenAPI document that the page's types are made from")

// The document that the page's types are made from is that of the service.
func TestOpenAPI(t *testing.T) {
	r := newRig(t, Settings{Version: "0.0.0"}).admin()
	a := r.call("GET", "/openapi.json", nil, nil)
	if a.status != http.StatusOK {
		t.Fatal(a.status)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, a.body, "", " "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	file := filepath.Join("..", "..", "web", "openapi.json")
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("web/openapi.json is not that of the service: go test ./internal/app -run OpenAPI -update, then npm run types in web")
	}
}

// TestScopes asks for tokens with scopes that are none, of every shape of JSON:
// they are refused, and one that is named twice is one.
func TestScopes(t *testing.T) {
	r := newRig(t, Settings{}).admin()
	for scopes, want := range map[string]int{
		`[{}]`: http.StatusUnprocessableEntity, `[[]]`: http.StatusUnprocessableEntity, `[null]`: http.StatusUnprocessableEntity,
		`[1]`: http.StatusUnprocessableEntity, `{}`: http.StatusUnprocessableEntity, `["read","read"]`: http.StatusCreated,
	} {
		a := r.call("POST", "/me/tokens", json.RawMessage(`{"name":"x","scopes":`+scopes+`}`), nil)
		if a.status != want {
			t.Errorf("%s: %d, want %d: %s", scopes, a.status, want, a.body)
		}
		if want == http.StatusCreated && !bytes.Contains(a.body, []byte(`"scopes":["read"]`)) {
			t.Errorf("%s: %s", scopes, a.body)
		}
	}
}
