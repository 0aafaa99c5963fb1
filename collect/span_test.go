package collect

import (
	"testing"
	"time"

	"triagent/incident"
)

// TestSpan shows that nothing is asked for that has not come to pass.
func TestSpan(t *testing.T) {
	now := time.Now()
	a := Ask{Incident: incident.Incident{Window: incident.Window{From: now.Add(-time.Minute), To: now.Add(5 * time.Minute)}}}
	if err := a.fill(); err != nil {
		t.Fatal(err)
	}
	if s := a.span(); !s.From.Equal(now.Add(-time.Minute)) || s.To.Before(now) || s.To.After(now.Add(time.Minute)) {
		t.Errorf("span %v, asked at %v", s, now)
	}
}
