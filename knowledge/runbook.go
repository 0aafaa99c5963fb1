package knowledge

import (
	"slices"

	"triagent/incident"
)

// Runbook is what people do about a fault, step by step. It is also what
// retrieval searches.
type Runbook struct {
	Fault  incident.Fault `json:"fault"`
	System string         `json:"system,omitempty"` // "": any system
	Titles Texts          `json:"title"`
	Steps  []RunbookStep  `json:"steps"`
}

// RunbookStep is one step of a runbook: what to do, and the command or query
// where there is one.
type RunbookStep struct {
	Texts   Texts  `json:"text"`
	Command string `json:"command,omitempty"`
}

// runbookKey identifies a runbook.
func runbookKey(r Runbook) string { return string(r.Fault) + "/" + r.System }

// Runbooks returns every runbook, in the order of the files.
func (b *Base) Runbooks() []Runbook { return b.runbooks }

// Runbook returns the runbook for a fault in a system, or the one for any
// system.
func (b *Base) Runbook(f incident.Fault, system string) (Runbook, bool) {
	books := b.runbooks
	for _, want := range []string{lower(system), ""} {
		i := slices.IndexFunc(books, func(r Runbook) bool { return r.Fault == f && r.System == want })
		if i >= 0 {
			return books[i], true
		}
	}
	return Runbook{}, false
}
