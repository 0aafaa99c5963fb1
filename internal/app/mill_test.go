package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mill is a recording of a system of three nodes, on one of which two things
// move at once, so that it is open which of them is the fault.
type mill struct {
	seed        uint64
	bad         int     // the node, 1 to 3
	cpu, memory float64 // percent more than usual
	truth       string  // of truth.json; empty: there is none
}

// closeCall is a recording that by the cards is saturation of the CPU, but hardly.
func closeCall(seed uint64, bad int) mill { return mill{seed: seed, bad: bad, cpu: 20, memory: 40} }

// write makes the bundle, in a folder of the test.
func (m mill) write(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), fmt.Sprint("mill-", m.seed))
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(m.seed) * time.Hour)
	stamp := func(minute int) string { return start.Add(time.Duration(minute) * time.Minute).Format(time.RFC3339) }
	files := map[string]string{
		"incident.json": fmt.Sprintf(`{"version":1,"id":"mill-%d","system":"mill","window":{"from":%q,"to":%q},"baseline":{"from":%q,"to":%q}}`,
			m.seed, stamp(20), stamp(26), stamp(0), stamp(20)),
		"topology.json": `{"version":1,"nodes":[{"id":"mill-1","service":"mill-1"},{"id":"mill-2","service":"mill-2"},{"id":"mill-3","service":"mill-3"}]}`,
	}
	if m.truth != "" {
		files["truth.json"] = m.truth
	}
	r := rand.New(rand.NewPCG(m.seed, 1))
	for n := 1; n <= 3; n++ {
		var b strings.Builder
		b.WriteString("time,cpu_percent,memory_used_percent\n")
		for i := range 26 * 6 {
			cpu, memory := 30+4*r.Float64(), 40+4*r.Float64()
			if n == m.bad && i >= 21*6 {
				cpu, memory = cpu+m.cpu, memory+m.memory
			}
			fmt.Fprintf(&b, "%s,%.2f,%.2f\n", start.Add(time.Duration(i)*10*time.Second).Format(time.RFC3339), cpu, memory)
		}
		files[fmt.Sprintf("metrics/mill-%d.csv", n)] = b.String()
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// hand uploads a bundle and waits for its diagnosis.
func (r *rig) hand(m mill) string {
	r.t.Helper()
	var b bytes.Buffer
	if err := pack(&b, m.write(r.t)); err != nil {
		r.t.Fatal(err)
	}
	var in wireIncident
	r.want(http.StatusAccepted, "POST", "/incidents", b.Bytes(), &in)
	r.done(in.ID)
	return in.ID
}

// again has an incident diagnosed anew.
func (r *rig) again(id string) {
	r.t.Helper()
	r.want(http.StatusAccepted, "POST", "/incidents/"+id+"/diagnose", nil, nil)
	r.done(id)
}

func (r *rig) done(id string) {
	r.t.Helper()
	r.until(id+" is diagnosed", func() bool {
		var in wireIncident
		r.want(http.StatusOK, "GET", "/incidents/"+id, nil, &in)
		return in.Progress == "done"
	})
}

// answered is what tests look at of a diagnosis.
type answered struct {
	node, fault string
	solved      int    // incidents that it says it was weighed with
	bytes       string // of it all, but for the cost
}

func (r *rig) diagnosis(id string) answered {
	r.t.Helper()
	var d struct {
		Causes    []struct{ Node, Fault string } `json:"causes"`
		Reasoning []struct{ Text string }        `json:"reasoning"`
	}
	var all map[string]any
	r.want(http.StatusOK, "GET", "/incidents/"+id+"/diagnosis", nil, &d)
	r.want(http.StatusOK, "GET", "/incidents/"+id+"/diagnosis", nil, &all)
	delete(all, "cost")
	text, err := json.Marshal(all)
	if err != nil || len(d.Causes) == 0 {
		r.t.Fatalf("%v: %s", err, text)
	}
	a := answered{node: d.Causes[0].Node, fault: d.Causes[0].Fault, bytes: string(text)}
	for _, s := range d.Reasoning {
		if n, err := fmt.Sscanf(s.Text, "This was weighed with %d solved", &a.solved); n == 1 && err != nil {
			r.t.Error(err)
		}
	}
	return a
}

// say gives feedback.
func (r *rig) say(id, verdict, node, fault string) {
	r.t.Helper()
	r.want(http.StatusCreated, "POST", "/incidents/"+id+"/feedback", map[string]string{"verdict": verdict, "node": node, "fault": fault}, nil)
}

// learned waits until there are as many lessons of the system, made of what
// people say now, and diagnoses are told of them.
func (r *rig) learned(lessons int) {
	r.t.Helper()
	r.until(fmt.Sprintf("%d lessons are learned", lessons), func() bool {
		ctx := r.t.Context()
		all, err := r.svc.store.Taught(ctx, maxTaught)
		if err != nil {
			r.t.Fatal(err)
		}
		if p := planOf(all, time.Now()); len(p.drop)+len(p.due) > 0 || !p.next.IsZero() {
			return false
		}
		keys, err := r.svc.store.LessonKeys(ctx, "mill", maxLessons)
		if err != nil {
			r.t.Fatal(err)
		}
		v := r.svc.learner.shelf.get("mill")
		return len(keys) == lessons && (v == nil || len(v.of) == len(keys) && (len(keys) == 0 || v.of[0] == keys[0]))
	})
}
