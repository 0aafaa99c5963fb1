// Package wire holds what the REST API says, as JSON: one struct a noun, made
// from those of package store and never stored. Times are RFC 3339 in UTC, an
// unset time is null, a list is never null. Texts are worded in the language of
// the Words given. Everything is a plain value.
package wire

import (
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"triagent/incident"
	"triagent/report"
	"triagent/store"
)

// Time is a moment, or null.
type Time time.Time

// MarshalJSON writes RFC 3339 in UTC, or null for the zero time.
func (t Time) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	b := append(make([]byte, 0, len(time.RFC3339Nano)+2), '"')
	b = time.Time(t).UTC().AppendFormat(b, time.RFC3339Nano)
	return append(b, '"'), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Time) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*t = Time{}
		return nil
	}
	return json.Unmarshal(b, (*time.Time)(t))
}

// Schema tells OpenAPI that it is a time or null.
func (Time) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
}

// Window is a stretch of time; null ends are unknown.
type Window struct {
	From Time `json:"from"`
	To   Time `json:"to"`
}

// WindowOf converts a window.
func WindowOf(w incident.Window) Window { return Window{From: Time(w.From), To: Time(w.To)} }

var severities = map[store.Severity]string{
	store.Info: "info", store.Warning: "warning", store.Major: "major", store.Critical: "critical",
}

// Severity names a severity; "info" for one that is unknown.
func Severity(s store.Severity) string {
	if name, ok := severities[s]; ok {
		return name
	}
	return "info"
}

// ParseSeverity reads the name of a severity.
func ParseSeverity(name string) (store.Severity, bool) {
	for s, n := range severities {
		if n == name {
			return s, true
		}
	}
	return 0, false
}

// Words puts the texts of a diagnosis into a language.
type Words = report.Options

// Each converts every element; the result is never nil.
func Each[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}

// Map returns m, or an empty map for nil.
func Map(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// List returns l, or an empty list for nil.
func List[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// OrNull is a pointer to s, nil for an empty one: null in JSON.
func OrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
