package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"triagent/eval/score"
	"triagent/internal/errs"
)

// Comparison says what changed from one run to another.
type Comparison struct {
	Before string          `json:"before"` // what was run
	After  string          `json:"after"`
	Notes  []string        `json:"notes,omitempty"` // what makes the runs hard to compare
	Sets   []SetComparison `json:"sets"`
}

// SetComparison is one set that both runs hold.
type SetComparison struct {
	Name    string        `json:"name"`
	Cases   int           `json:"cases"` // that both hold
	Better  int           `json:"better"`
	Worse   int           `json:"worse"`
	P       float64       `json:"p"` // of a two-sided sign test
	Deltas  []score.Delta `json:"deltas"`
	Changes []Change      `json:"changes"`
	Missing []string      `json:"missing,omitempty"` // cases that only one of them holds
}

// Change is a case whose answer got better or worse.
type Change struct {
	Case   string `json:"case"`
	Better bool   `json:"better"`
	Truth  string `json:"truth"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// ReadReport reads the JSON file of a run. What is no report gives an error of
// kind Invalid.
func ReadReport(name string) (*Report, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, &errs.Error{Op: "read report", Kind: errs.Invalid, File: name, Err: err}
	}
	r := &Report{}
	if err := json.Unmarshal(b, r); err != nil || r.Version != 1 || len(r.Sets) == 0 {
		return nil, &errs.Error{
			Op: "read report", Kind: errs.Invalid, File: name, Err: errors.New("is no report of a run"),
			Remedy: "name a file that eval run --json wrote",
		}
	}
	return r, nil
}

// differ names the options in which two runs are not alike.
func differ(a, b *Settings) []string {
	var out []string
	for _, o := range []struct {
		name string
		same bool
	}{
		{"--rename", a.Rename == b.Rename},
		{"--memory", a.Memory == b.Memory},
		{"--memory-cases", a.MemoryCases == b.MemoryCases},
		{"--window", a.Window == b.Window},
		{"--without-roles", a.WithoutRoles == b.WithoutRoles},
		{"--knowledge", slices.Equal(a.Knowledge, b.Knowledge)},
	} {
		if !o.same {
			out = append(out, o.name)
		}
	}
	return out
}

// Compare compares two runs on the cases that both hold. Runs without a common
// set give an error of kind Invalid.
func Compare(before, after *Report, seed uint64) (*Comparison, error) {
	c := &Comparison{Before: label(before), After: label(after)}
	if names := differ(&before.Settings, &after.Settings); len(names) > 0 {
		c.Notes = append(c.Notes, "the runs had other settings: "+strings.Join(names, ", "))
	}
	for i := range before.Sets {
		a := &before.Sets[i]
		for j := range after.Sets {
			b := &after.Sets[j]
			if a.Name != b.Name {
				continue
			}
			if a.Checksum != b.Checksum {
				c.Notes = append(c.Notes, fmt.Sprintf("set %s: the bundles are not the same", a.Name))
			}
			c.Sets = append(c.Sets, compareSet(a, b, seed))
		}
	}
	if len(c.Sets) == 0 {
		return nil, errs.New(errs.Invalid, "the two runs have no set in common")
	}
	return c, nil
}

func label(r *Report) string {
	engine := strings.TrimSpace(r.Engine.Name + " " + r.Engine.Version + " " + r.Engine.Model)
	return fmt.Sprintf("version %s, engine %s, %s", r.Program, engine, r.Started.Format(time.DateTime))
}

func compareSet(a, b *SetReport, seed uint64) SetComparison {
	out := SetComparison{Name: a.Name}
	byCase, used := map[string]*score.Row{}, map[string]bool{}
	for key, r := range keyed(b.Exact.Rows) {
		byCase[key] = r
	}
	var before, after []*score.Row
	seen := map[string]int{}
	for _, r := range a.Exact.Rows {
		key := trialKey(r, seen)
		other, ok := byCase[key]
		if !ok {
			out.Missing = append(out.Missing, key)
			continue
		}
		used[key] = true
		before, after = append(before, r), append(after, other)
		if n := score.Better(r, other); n != 0 {
			out.Changes = append(out.Changes, Change{Case: key, Better: n > 0, Truth: answerKey(r), Before: said(r), After: said(other)})
			if n > 0 {
				out.Better++
			} else {
				out.Worse++
			}
		}
	}
	seen = map[string]int{}
	for _, r := range b.Exact.Rows {
		if key := trialKey(r, seen); !used[key] {
			out.Missing = append(out.Missing, key)
		}
	}
	out.Cases, out.P = len(before), score.SignTest(out.Better, out.Worse)
	if len(before) > 0 {
		out.Deltas = score.Deltas(before, after, seed)
	}
	return out
}

// keyed gives each row of a run a key: its case, and the trial if it is not the
// first.
func keyed(rows []*score.Row) map[string]*score.Row {
	out, seen := map[string]*score.Row{}, map[string]int{}
	for _, r := range rows {
		out[trialKey(r, seen)] = r
	}
	return out
}

func trialKey(r *score.Row, seen map[string]int) string {
	seen[r.Case]++
	if n := seen[r.Case]; n > 1 {
		return fmt.Sprintf("%s#%d", r.Case, n)
	}
	return r.Case
}

// answerKey words the truth of a case.
func answerKey(r *score.Row) string {
	if r.Healthy {
		return "healthy"
	}
	var out []string
	for _, t := range r.Truth {
		out = append(out, strings.TrimSpace(string(t.Fault)+" "+string(t.Node)))
	}
	return strings.Join(out, " + ")
}

// said words an answer: its first causes, and where the true node stands.
func said(r *score.Row) string {
	if r.Error != "" {
		return "no answer: " + r.Error
	}
	if len(r.Causes) == 0 {
		return string(r.Verdict)
	}
	text := strings.TrimSpace(string(r.Causes[0].Fault) + " " + string(r.Causes[0].Node))
	if p, ok := r.NodePlace(); ok {
		if p.MRR == 0 {
			text += ", node not ranked"
		} else {
			text += fmt.Sprintf(", node at %.3g", 1/p.MRR)
		}
	}
	if r.IoU != nil {
		text += fmt.Sprintf(", IoU %.2f", *r.IoU)
	}
	return text
}
