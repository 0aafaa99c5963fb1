package evidence

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"triagent/compress"
	"triagent/incident"
	"triagent/telemetry"
)

// mutation changes one piece of evidence so that it no longer says what the
// data says; it reports whether it could.
type mutation struct {
	name string
	do   func(e *incident.Evidence) bool
}

// restate makes the text print the numbers as they are now, so that only the
// raw data can tell.
func restate(e *incident.Evidence) bool {
	for i := range e.Numbers {
		n := &e.Numbers[i]
		if n.Stat == Share || n.Stat == Ratio {
			n.Value = Derived(n.Stat, e.Numbers, n.Arg)
		}
		for k := range e.Text.Args {
			if e.Text.Args[k].Name == n.Name {
				e.Text.Args[k].Value = Format(n.Value, UnitOf(n.Stat, e.Unit))
			}
		}
	}
	return true
}

// mutations are all changes of a piece of evidence that have to be caught.
// lines are those that are as good a source for it as its own.
func mutations(e *incident.Evidence, lines map[int]bool) []mutation {
	var all []mutation
	add := func(name string, do func(e *incident.Evidence) bool) { all = append(all, mutation{name, do}) }
	for i, n := range e.Numbers {
		derived := n.Stat == Share || n.Stat == Ratio
		for _, by := range []float64{1.0001, 1.05, -1, 0} {
			add(fmt.Sprintf("%s times %v, said so", n.Name, by), func(e *incident.Evidence) bool {
				e.Numbers[i].Value *= by
				return n.Value != 0 && !derived && restate(e)
			})
		}
		add(n.Name+" plus 1, not said so", func(e *incident.Evidence) bool {
			e.Numbers[i].Value += 1 + math.Abs(n.Value)/10
			return true
		})
		add(n.Name+" plus 1, said so", func(e *incident.Evidence) bool {
			e.Numbers[i].Value++
			return (math.Abs(n.Value) < 1e6) && !derived && restate(e)
		})
		add(n.Name+" is NaN", func(e *incident.Evidence) bool {
			e.Numbers[i].Value = math.NaN()
			return !derived && restate(e)
		})
		add(n.Name+" from a file that is not there", func(e *incident.Evidence) bool {
			e.Numbers[i].File = "metrics/nobody.csv"
			return !derived
		})
		add(n.Name+" from another file", func(e *incident.Evidence) bool {
			e.Numbers[i].File = "incident.json"
			return !derived && n.Stat != Lines
		})
		add(n.Name+" from no file", func(e *incident.Evidence) bool {
			e.Numbers[i].File = ""
			return !derived
		})
		add(n.Name+" of another column", func(e *incident.Evidence) bool {
			e.Numbers[i].Column += "x"
			return !derived && n.Stat != Lines && n.Column != "" && n.Value != 0
		})
		add(n.Name+" by a stat that is none", func(e *incident.Evidence) bool {
			e.Numbers[i].Stat = "mean"
			return true
		})
		add(n.Name+" in no time", func(e *incident.Evidence) bool {
			none := origin.Add(-time.Hour)
			e.Numbers[i].Windows = []incident.Window{{From: none, To: none.Add(time.Minute)}}
			return !derived && n.Stat != Lines && n.Value != 0
		})
		add(n.Name+" printed with another digit", func(e *incident.Evidence) bool {
			for k := range e.Text.Args {
				if a := &e.Text.Args[k]; a.Name == n.Name {
					return otherDigit(&a.Value) && !Prints(a.Value, n.Value, UnitOf(n.Stat, e.Unit)) // half-way between two roundings
				}
			}
			return false
		})
		add(n.Name+" printed under another name", func(e *incident.Evidence) bool {
			for k := range e.Text.Args {
				if a := &e.Text.Args[k]; a.Name == n.Name {
					a.Name = "other"
					return otherDigit(&a.Value) && !slices.Contains(printedForms(e), a.Value)
				}
			}
			return false
		})
		add(n.Name+" in a sentence with another digit", func(e *incident.Evidence) bool {
			v := Format(n.Value, UnitOf(n.Stat, e.Unit))
			ok := otherDigit(&v)
			ok = ok && !slices.Contains(printedForms(e), v)
			e.Text = incident.Say("literal", "text", "went to "+v+", and so on")
			return ok
		})
	}
	raw := e.Kind == incident.Metric || e.Kind == incident.Log || e.Kind == incident.Trace
	add("no numbers", func(e *incident.Evidence) bool {
		e.Numbers = nil
		return raw
	})
	own := e.Source.Line
	for _, line := range []int{-1, 1, 1 << 30, e.Source.Line - 1, e.Source.Line + 1} {
		add(fmt.Sprintf("line %d", line), func(e *incident.Evidence) bool {
			e.Source.Line = line
			return !lines[line] && line != own && e.Kind != incident.Placement // a topology has no lines
		})
	}
	add("no line", func(e *incident.Evidence) bool {
		e.Source.Line = 0
		return raw && e.Name != ""
	})
	for _, file := range []string{"", "metrics/nobody.csv", "truth.json", "../incident.json", "incident.json"} {
		add(fmt.Sprintf("file %q", file), func(e *incident.Evidence) bool {
			e.Source.File = file
			return raw || file != ""
		})
	}
	add("another name", func(e *incident.Evidence) bool {
		e.Name += "x"
		return e.Name != "x" && e.Kind != incident.Trace
	})
	add("another node", func(e *incident.Evidence) bool {
		e.Node, e.Peer = "nobody", ""
		return true
	})
	add("another node, said so", func(e *incident.Evidence) bool {
		for k := range e.Text.Args {
			if e.Text.Args[k].Name == "node" {
				e.Text.Args[k].Value = "nobody"
			}
		}
		e.Node, e.Peer = "nobody", ""
		return true
	})
	add("another time", func(e *incident.Evidence) bool {
		known := !e.Onset.IsZero()
		e.Onset.From, e.Onset.To = e.Onset.From.Add(17*time.Second), e.Onset.To.Add(17*time.Second)
		return known
	})
	add("another time in words", func(e *incident.Evidence) bool {
		for k := range e.Text.Args {
			if a := &e.Text.Args[k]; a.Name == "onset" && a.Value != "" {
				return otherDigit(&a.Value)
			}
		}
		return false
	})
	add("the other way", func(e *incident.Evidence) bool {
		switch e.Direction {
		case incident.Up:
			e.Direction = incident.Down
		case incident.Down, incident.Gone:
			e.Direction = incident.Up
		}
		return e.Kind == incident.Metric && e.Numbers[0].Value != e.Numbers[1].Value && e.Numbers[0].Stat != Samples
	})
	add("a number nobody gave", func(e *incident.Evidence) bool {
		e.Text.Args = append(e.Text.Args, incident.Arg{Name: "more", Value: "87123"})
		return true
	})
	return all
}

// otherDigit changes the last digit of s.
func otherDigit(s *string) bool {
	i := strings.LastIndexAny(*s, "0123456789")
	if i < 0 {
		return false
	}
	b := []byte(*s)
	b[i] = '0' + (b[i]-'0'+1)%10
	*s = string(b)
	return true
}

// clone copies what mutations change.
func clone(e incident.Evidence) incident.Evidence {
	e.Numbers = slices.Clone(e.Numbers)
	e.Text.Args = slices.Clone(e.Text.Args)
	return e
}

// equalLines are the lines of other records and spans that bear out the same.
func equalLines(t *testing.T, b *telemetry.Bundle, e *incident.Evidence) map[int]bool {
	lines := map[int]bool{}
	var err error
	switch e.Kind {
	case incident.Log:
		m := compress.NewMatcher(e.Name)
		err = b.Logs(t.Context(), nil, func(r *telemetry.Record) error {
			if r.File == e.Source.File && m.Match(r.Body) {
				lines[r.Line] = true
			}
			return nil
		})
	case incident.Trace:
		sel, bad := ParseSelector(e.Source.Query)
		if bad != nil {
			t.Fatal(bad)
		}
		err = b.Spans(t.Context(), func(s *telemetry.Span) error {
			if sel.Match(s) {
				lines[s.Line] = true
			}
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// mutate tries every mutation on every piece of evidence, all in one
// diagnosis, and returns how many there were. Those not caught are errors.
func mutate(t *testing.T, b *telemetry.Bundle, d *incident.Diagnosis) int {
	t.Helper()
	var wrong incident.Diagnosis
	names := map[string]string{}
	for _, e := range d.Evidence {
		for i, m := range mutations(&e, equalLines(t, b, &e)) {
			bad := clone(e)
			if m.do(&bad) {
				bad.ID = incident.EvidenceID(fmt.Sprintf("%s/%d", e.ID, i))
				names[string(bad.ID)] = fmt.Sprintf("%s %s %s: %s", e.ID, e.Kind, e.Name, m.name)
				wrong.Evidence = append(wrong.Evidence, bad)
			}
		}
	}
	r := mustCheck(t, b, &wrong)
	if r.EvidenceHeld != 0 {
		t.Errorf("%d of %d mutations hold", r.EvidenceHeld, r.Evidence)
	}
	for _, p := range r.Problems {
		delete(names, p.Where)
	}
	for _, name := range names {
		t.Errorf("not caught: %s", name)
	}
	return r.Evidence
}

func TestMutationsAreCaught(t *testing.T) {
	b, d := madeDiagnosis(t)
	n := mutate(t, b, d)
	t.Logf("%d mutations of %d pieces of evidence", n, len(d.Evidence))
	if n < 500 {
		t.Errorf("only %d mutations", n)
	}
}

// TestLabMutations makes evidence from recorded incidents and tries every
// mutation on it.
func TestLabMutations(t *testing.T) {
	dir := labDir(t)
	tried, made := 0, 0
	for _, name := range []string{"iotdb-lab-175c8446", "iotdb-lab-19e25c3b"} {
		b, err := telemetry.Open(t.Context(), filepath.Join(dir, name), telemetry.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		m := newMaker(t, b)
		m.metrics(8, labMeaning)
		m.logs(3)
		m.spans(6)
		start := time.Now()
		r := mustCheck(t, b, &m.d)
		t.Logf("%s: %d claims, %d numbers, checked in %v", name, r.Claims, r.Numbers, time.Since(start))
		for _, p := range r.Problems {
			t.Errorf("%s: %s", name, p)
		}
		tried += mutate(t, b, &m.d)
		made += len(m.d.Evidence)
	}
	t.Logf("%d mutations of %d pieces of evidence", tried, made)
}
