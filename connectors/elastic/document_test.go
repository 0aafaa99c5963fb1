package elastic

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"triagent/telemetry"
)

func decoded(t testing.TB, text string) map[string]any {
	t.Helper()
	var out map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFlat(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":{"b":1,"c":null},"a.d":"x"}`:        "a.b=1 a.d=x",
		`{"a":[{"b":"x"},{"b":"y","c":true}]}`:    "a.b=x, y a.c=true",
		`{"a":["x",["y"],null,{}],"a.b":[1.50]}`:  "a=x, y a.b=1.50",
		`{"a":12345678901234567890,"b":{"c":{}}}`: "a=12345678901234567890",
	} {
		d := flat(decoded(t, text))
		var got []string
		for _, k := range sortedKeys(d) {
			got = append(got, k+"="+d.text(k))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s gives %q, want %q", text, got, want)
		}
	}
}

func TestLevel(t *testing.T) {
	for word, want := range map[string]telemetry.Level{
		"WARN": telemetry.Warn, "warning": telemetry.Warn, "err": telemetry.Error, "critical": telemetry.Fatal, "50": telemetry.Error, "Information": telemetry.Info,
		"": telemetry.NoLevel, "x] [ERROR": telemetry.NoLevel, "unknown": telemetry.NoLevel, "7": telemetry.NoLevel,
	} {
		if got := levelOf(word); got != want {
			t.Errorf("%q is %v, want %v", word, got, want)
		}
	}
}

func TestShare(t *testing.T) {
	for _, tt := range []struct {
		most  int64
		count []int64
		want  string
	}{
		{100, []int64{1000, 1000}, "[75 25]"},
		{100, []int64{10, 1000}, "[10 90]"},
		{100, []int64{1000, 10, 5}, "[85 10 5]"},
		{3, []int64{9, 9, 9}, "[1 1 1]"},
	} {
		var parts []*part
		for _, n := range tt.count {
			parts = append(parts, &part{count: n})
		}
		share(tt.most, parts)
		var got []int64
		for _, p := range parts {
			got = append(got, p.most)
		}
		if fmt.Sprint(got) != tt.want {
			t.Errorf("%d among %v: %v, want %s", tt.most, tt.count, got, tt.want)
		}
	}
}

// FuzzDocument makes lines of whatever a server calls a document: bounded and
// fit to be written.
func FuzzDocument(f *testing.F) {
	f.Add(`{"@timestamp":"2026-11-20T10:00:00Z","host":{"name":"a"},"message":["x",{"y":[1]}],"error":{"stack_trace":"at x"},"log.level":50}`)
	f.Add(`{"body":{"text":null},"trace.id":"` + strings.Repeat("x", 100) + `"}`)
	f.Fuzz(func(t *testing.T, text string) {
		var source map[string]any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if d.Decode(&source) != nil {
			t.Skip()
		}
		s := &Source{}
		s.c.Fields.fill()
		l, _ := s.line(flat(source), source, "n")
		if len(l.Body) > longestBody || !utf8.Valid(l.Body) || len(l.Attributes) > mostAttributes || len(l.TraceID) > 64 {
			t.Errorf("%q makes %+v", text, l)
		}
	})
}
