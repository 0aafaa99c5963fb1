package kubernetes_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"triagent/connectors/fetch"
	"triagent/connectors/kubernetes"
	"triagent/connectors/sourcetest"
)

// FuzzText puts text of any kind where the API may have some, and looks that it
// stays one bounded line.
func FuzzText(f *testing.F) {
	f.Add("db-0", "Unhealthy", "probe failed\nrm -rf\x1b[31m")
	f.Add("\u202e\x00", "", strings.Repeat("ä", 5000))
	f.Add("m2", "Killing", "\xff\xfe")
	f.Fuzz(func(t *testing.T, name, reason, message string) {
		l := everything()
		p := pod(name, message, name, obj{"reason": reason, "message": message, "startTime": at(2), "containerStatuses": []obj{{
			"name": name, "restartCount": 2, "state": obj{"waiting": obj{"reason": reason, "message": message}},
		}}})
		l.of["/api/v1/pods"] = []obj{p}
		l.of["/api/v1/events"] = []obj{event("e1", "Pod", name, reason, message, "Warning", 1, 2, 3), event("e2", name, name, reason, message, "Warning", 1, 2, 3)}
		l.t = t
		srv := httptest.NewServer(l)
		defer srv.Close()
		s := source(t, kubernetes.Config{Settings: fetch.Settings{URL: srv.URL}})
		var rec sourcetest.Recorder
		if err := s.Collect(t.Context(), ask, &rec); err != nil {
			t.Fatal(err)
		}
		got := rec.Got()
		for _, c := range got.Changes {
			oneLine(t, c.Node, 400)
			oneLine(t, c.Text, 1100)
		}
		for _, l := range got.Lines {
			oneLine(t, l.Node, 400)
			oneLine(t, string(l.Body), 1100)
		}
		for _, found := range got.Found {
			for _, n := range found.Nodes {
				for _, name := range n.Names {
					oneLine(t, name, 600)
				}
			}
		}
	})
}

func oneLine(t *testing.T, s string, most int) {
	t.Helper()
	if len(s) > most || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		t.Errorf("%d bytes: %.200q", len(s), s)
	}
}

// TestOddLists gives lists that no good API gives.
func TestOddLists(t *testing.T) {
	for name, page := range map[string]string{
		"round in a circle": `{"kind":"PodList","metadata":{"continue":"x"},"items":[{"metadata":{"name":"a","uid":"1"}}]}`,
		"a bad time":        `{"kind":"PodList","items":[{"metadata":{"name":"a","creationTimestamp":"yesterday"}}]}`,
		"no list":           `{"kind":"Pod","metadata":{"name":"a"}}`,
		"words for numbers": `{"kind":"PodList","items":[{"metadata":{"name":"a"},"status":{"containerStatuses":[{"restartCount":"many"}]}}]}`,
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(json.RawMessage(page))
		}))
		s := source(t, kubernetes.Config{Settings: fetch.Settings{URL: srv.URL}})
		if _, err := s.Discover(t.Context(), ask.Span); err == nil {
			t.Errorf("%s: it is believed", name)
		}
		_ = s.Close()
		srv.Close()
	}
}
