package evidence

import (
	"math"
	"slices"

	"triagent/incident"
	"triagent/telemetry"
)

// SourceLine is the line that metric evidence of a column leads to: the first
// row at or after the end of its onset (the start of its window, if the onset
// is unknown) that has a sample, or any row for a series that is gone; the last
// row of the table if there is none. 0 for a column or table without rows.
func SourceLine(t *telemetry.Table, column string, e *incident.Evidence) int {
	col := t.Column(column)
	if col == nil || len(t.Times) == 0 {
		return 0
	}
	from := e.Window.From
	if !e.Onset.IsZero() {
		from = e.Onset.To
	}
	i, _ := slices.BinarySearch(t.Times, from.UnixNano())
	for i < len(t.Times)-1 && e.Direction != incident.Gone && math.IsNaN(col.Values[i]) {
		i++
	}
	return int(t.Lines[min(i, len(t.Times)-1)])
}
