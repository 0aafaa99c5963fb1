package sourcetest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCassette records a server, ends it, and replays it.
func TestCassette(t *testing.T) {
	live := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session=secret")
		w.Header().Set("Content-Type", "text/x-test")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "machine-7 says "+r.URL.Query().Get("q"))
	}))
	tape := Tape{
		File: filepath.Join(t.TempDir(), "t", "tape.json"), Hide: map[string]string{"machine-7": "machine"},
		Live: func(testing.TB) (string, http.RoundTripper) { return live.URL, nil },
	}
	ask := func(t *testing.T, url string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/x?q=hello&a=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer secret")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		b, err := io.ReadAll(resp.Body)
		if err != nil || string(b) != "machine says hello" || resp.StatusCode != http.StatusTeapot || resp.Header.Get("Content-Type") != "text/x-test" {
			t.Errorf("it answers %s, %s, %q, %v", resp.Status, resp.Header.Get("Content-Type"), b, err)
		}
	}
	t.Run("record", func(t *testing.T) {
		t.Setenv("TRIAGENT_RECORD", "1")
		url := Cassette(t, tape)
		ask(t, url)
		ask(t, url) // once is enough
	})
	live.Close()
	b, err := os.ReadFile(tape.File)
	if err != nil || strings.Contains(string(b), "secret") || strings.Contains(string(b), "machine-7") || strings.Count(string(b), "hello") != 2 {
		t.Errorf("the tape holds %s, %v", b, err)
	}
	t.Run("replay", func(t *testing.T) {
		t.Setenv("TRIAGENT_RECORD", "")
		ask(t, Cassette(t, tape))
	})
}
