package knowledge

import (
	"encoding/json"
	"slices"

	"triagent/incident"
)

// Runbook is what people do about a fault, step by step. It is also what
// retrieval searches.
type Runbook struct {
	Fault  incident.Fault    `json:"fault"`
	System string            `json:"system,omitempty"` // "": any system
	Titles map[string]string `json:"title"`            // by language
	Steps  []RunbookStep     `json:"steps"`
}

// RunbookStep is one step of a runbook: what to do, and the command or query
// where there is one.
type RunbookStep struct {
	Texts   map[string]string `json:"text"` // by language
	Command string            `json:"command,omitempty"`
}

// runbooksFile is the stored form of the embedded runbooks.
type runbooksFile struct {
	Runbooks []Runbook `json:"runbooks"`
}

// decodeRunbooks reads the embedded runbooks, which no diagnosis waits for, and
// adds the user's over them. The embedded form is covered by a test.
func (b *Base) decodeRunbooks() []Runbook {
	var f runbooksFile
	if err := json.Unmarshal(embeddedRunbooks, &f); err != nil {
		return b.userRunbooks
	}
	return override(f.Runbooks, b.userRunbooks, runbookKey)
}

// runbookKey identifies a runbook.
func runbookKey(r Runbook) string { return string(r.Fault) + "/" + r.System }

// Runbooks returns every runbook: the built-in ones in the order of the files,
// the user's after them.
func (b *Base) Runbooks() []Runbook { return b.runbooks() }

// Runbook returns the runbook for a fault in a system, or the one for any
// system.
func (b *Base) Runbook(f incident.Fault, system string) (Runbook, bool) {
	books := b.runbooks()
	for _, want := range []string{lower(system), ""} {
		i := slices.IndexFunc(books, func(r Runbook) bool { return r.Fault == f && r.System == want })
		if i >= 0 {
			return books[i], true
		}
	}
	return Runbook{}, false
}
