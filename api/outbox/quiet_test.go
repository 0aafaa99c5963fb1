package outbox

import (
	"testing"
	"time"

	"triagent/store"
)

func TestQuietUntil(t *testing.T) {
	night := Quiet{From: "22:00", To: "07:00", Zone: "Europe/Berlin", Below: "critical"}
	weekend := Quiet{From: "00:00", To: "00:00", Days: []string{"sat", "sun"}, Zone: "Asia/Shanghai", Below: "major"}
	friday := Quiet{From: "20:00", To: "06:00", Days: []string{"fri"}, Below: "critical"}
	hole := Quiet{From: "02:30", To: "03:30", Zone: "Europe/Berlin", Below: "critical"}
	newYork := Quiet{From: "00:30", To: "01:30", Zone: "America/New_York", Below: "critical"}
	for _, tt := range []struct {
		name string
		q    Quiet
		at   string
		want string // "": not quiet
	}{
		{"before", night, "2026-11-20T20:59:59Z", ""},
		{"begins", night, "2026-11-20T21:00:00Z", "2026-11-21T06:00:00Z"},
		{"after midnight", night, "2026-11-21T05:59:59Z", "2026-11-21T06:00:00Z"},
		{"ends", night, "2026-11-21T06:00:00Z", ""},
		{"summer", night, "2026-07-01T20:00:00Z", "2026-07-02T05:00:00Z"},
		// 29 March 2026, 02:00 becomes 03:00: the night has 8 hours.
		{"spring", night, "2026-03-28T21:00:00Z", "2026-03-29T05:00:00Z"},
		{"spring, morning", night, "2026-03-29T04:59:59Z", "2026-03-29T05:00:00Z"},
		{"spring, over", night, "2026-03-29T05:00:00Z", ""},
		// 25 October 2026, 03:00 becomes 02:00: the night has 10 hours.
		{"autumn", night, "2026-10-24T20:00:00Z", "2026-10-25T06:00:00Z"},
		{"autumn, second 02:30", night, "2026-10-25T01:30:00Z", "2026-10-25T06:00:00Z"},
		{"autumn, over", night, "2026-10-25T06:00:00Z", ""},
		{"begins in the hour that is left out", hole, "2026-03-29T01:15:00Z", ""},
		{"that day's hour", hole, "2026-03-30T00:45:00Z", "2026-03-30T01:30:00Z"},
		// 1 November 2026, 02:00 becomes 01:00: 01:30 comes twice, the first one counts.
		{"hour that comes twice", newYork, "2026-11-01T05:00:00Z", "2026-11-01T05:30:00Z"},
		{"its second time", newYork, "2026-11-01T06:15:00Z", ""},
		{"whole days", weekend, "2026-11-20T16:00:00Z", "2026-11-21T16:00:00Z"},
		{"not on friday", weekend, "2026-11-20T15:59:59Z", ""},
		{"friday night", friday, "2026-11-21T05:00:00Z", "2026-11-21T06:00:00Z"},
		{"not saturday night", friday, "2026-11-21T21:00:00Z", ""},
		{"not friday morning", friday, "2026-11-20T05:00:00Z", ""},
	} {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if end := tt.q.until(at); !end.IsZero() {
			got = end.Format(time.RFC3339)
		}
		if got != tt.want {
			t.Errorf("%s: quiet at %s until %q, want %q", tt.name, tt.at, got, tt.want)
		}
	}
}

func TestQuietSeverity(t *testing.T) {
	r := Routing{Quiet: []Quiet{
		{Name: "sat", From: "00:00", To: "00:00", Days: []string{"sat"}, Below: "critical"},
		{Name: "sun", From: "00:00", To: "00:00", Days: []string{"sun"}, Below: "critical"},
		{Name: "always", From: "00:00", To: "00:00", Below: "warning"},
	}}
	sat := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	if until, why := r.quiet(store.Major, sat); !until.Equal(monday) || !isQuiet(why) {
		t.Errorf("a weekend is quiet until %v (%s), want %v", until, why, monday)
	}
	if until, _ := r.quiet(store.Critical, sat); !until.IsZero() {
		t.Errorf("critical waits until %v", until)
	}
	if until, _ := r.quiet(store.Info, sat); until.Sub(sat) < 7*24*time.Hour {
		t.Errorf("what is always quiet ends %v", until) // bounded, not endless
	}
	if until, _ := r.quiet(store.Warning, monday); !until.IsZero() {
		t.Errorf("on monday warnings wait until %v", until)
	}
}
