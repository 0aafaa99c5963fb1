package intake

import (
	"maps"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"triagent/connectors"
	"triagent/store"
)

func TestSeverity(t *testing.T) {
	for s, want := range map[string]store.Severity{
		"critical": store.Critical, " CRITICAL ": store.Critical, "P1": store.Critical, "严重": store.Critical, "page": store.Critical,
		"major": store.Major, "error": store.Major, "High": store.Major, "warning": store.Warning, "警告": store.Warning, "sev3": store.Warning,
		"info": store.Info, "none": store.Info, "": store.Warning, "purple": store.Warning,
	} {
		if got := severity(s); got != want {
			t.Errorf("severity(%q) = %d, want %d", s, got, want)
		}
	}
}

func TestNode(t *testing.T) {
	known := func(n string) bool { return n == "db-1" || n == "10.0.0.5" || n == "pod-x" || n == "[::1]:9" }
	var names Names
	names.fill()
	for _, tt := range []struct {
		said   string
		labels map[string]string
		want   string
	}{
		{"", nil, ""},
		{"", map[string]string{"instance": "db-9:9100"}, "db-9:9100"},
		{"", map[string]string{"instance": "db-1:9100"}, "db-1"},
		{"", map[string]string{"instance": "db-1.prod.example.com:9100"}, "db-1"},
		{"", map[string]string{"instance": "10.0.0.5:9100"}, "10.0.0.5"},
		{"", map[string]string{"instance": "10.0.0.6:9100"}, "10.0.0.6:9100"},
		{"", map[string]string{"instance": "[::1]:9"}, "[::1]:9"},
		{"", map[string]string{"node": "worker-3", "pod": "pod-x"}, "pod-x"},
		{"", map[string]string{"node": "worker-3", "pod": "pod-y"}, "worker-3"},
		{"db-1:1", map[string]string{"node": "pod-x"}, "db-1"},
		{"other", map[string]string{"node": "db-1"}, "other"},
	} {
		if got := node(tt.said, tt.labels, names.Node, known); got != tt.want {
			t.Errorf("node(%q, %v) = %q, want %q", tt.said, tt.labels, got, tt.want)
		}
	}
}

func TestHostOf(t *testing.T) {
	for s, want := range map[string]string{
		"a:1": "a", "a": "a", "a:x": "a:x", ":1": ":1", "[::1]:9": "::1", "::1": "::1", "a:1:2": "a:1:2", "a:99999": "a:99999", "": "",
	} {
		if got := hostOf(s); got != want {
			t.Errorf("hostOf(%q) = %q, want %q", s, got, want)
		}
	}
}

// FuzzPrepare says that whatever a sender sends can be stored and shown.
func FuzzPrepare(f *testing.F) {
	f.Add("Slow", "instance", "db-1:9100", "http://x.example", int64(1795168860))
	f.Add("\x00", "\xff", "a\u202eb", "javascript:x", int64(-1))
	in, err := New(Config{}, nil)
	if err != nil {
		f.Fatal(err)
	}
	now := time.Unix(1795168860, 0).UTC()
	f.Fuzz(func(t *testing.T, name, key, value, link string, starts int64) {
		a := connectors.Alert{
			Source: "generic", Name: name, Node: value, Group: value, Labels: map[string]string{key: value, "k": "v", value: key},
			Annotations: map[string]string{key: value}, URL: link, Starts: time.Unix(starts, 0), Ends: time.Unix(starts, 1),
		}
		s, ok := in.prepare(&a, &graph{}, now)
		if !ok {
			return
		}
		texts := []string{s.alert.Name, s.alert.Node, s.alert.URL, s.alert.System}
		for _, m := range []map[string]string{s.alert.Labels, s.alert.Annotations} {
			for k, v := range m {
				texts = append(texts, k, v)
			}
		}
		for _, text := range texts {
			if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\x1b\n") || len(text) > maxNote {
				t.Fatalf("%q", text)
			}
		}
		if s.alert.Name == "" || s.alert.Starts.Year() < 1970 || !s.startless && s.alert.Ends.Before(s.alert.Starts) {
			t.Fatalf("%+v", s.alert)
		}
		if s.alert.URL != "" && !strings.HasPrefix(s.alert.URL, "http") {
			t.Fatalf("URL %q", s.alert.URL)
		}
		a.Labels = maps.Clone(a.Labels)
		if again, _ := in.prepare(&a, &graph{}, now.Add(time.Hour)); again.alert.Fingerprint != s.alert.Fingerprint {
			t.Fatal("another fingerprint for the same alert")
		}
	})
}
