package drill

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/incident"
	"triagent/report"
)

// struck is a lab without a cluster: its fault makes an incident.
type struck struct {
	Lab
	done chan struct{}
}

func (s *struck) Strike(context.Context, *errgroup.Group) (Fault, error) {
	close(s.done)
	return Fault{Did: "kill of n2", Node: "n2", Kind: "node_down"}, nil
}

// TestStrike has an incident beside one that was there before: it is judged, and
// its report is written.
func TestStrike(t *testing.T) {
	lab := &struck{done: make(chan struct{})}
	d := incident.Diagnosis{Incident: incident.Incident{ID: "inc-2"}, Verdict: "likely", Confidence: .9, Causes: []incident.Cause{{Node: "n2", Fault: "node_down", Onset: time.Now()}}}
	text, err := report.Encode(d, report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/incidents/inc-2/diagnosis") {
			_, _ = w.Write(text)
			return
		}
		list := []listed{{"inc-1", "done"}}
		select {
		case <-lab.done:
			list = append(list, listed{"inc-2", "done"})
		default:
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"items": list})
	}))
	defer api.Close()
	svc := &Service{Addr: strings.TrimPrefix(api.URL, "http://"), dir: t.TempDir(), http: api.Client()}
	var g errgroup.Group
	var said []string
	f := &Flags{Within: time.Minute}
	if err := strike(t.Context(), &g, f, lab, svc, func(s string) { said = append(said, s) }); err != nil {
		t.Error(err)
	}
	if all := strings.Join(said, "\n"); !strings.Contains(all, "kill of n2") {
		t.Errorf("said %q", all)
	}
	words, err := os.ReadFile(svc.Report())
	if err != nil || !strings.Contains(string(words), "n2") {
		t.Errorf("the report is %q, %v", words, err)
	}
}

func TestNames(t *testing.T) {
	o := &Outcome{Diagnosed: 30 * time.Second, Report: "/there/report.md", Diagnosis: incident.Diagnosis{Causes: []incident.Cause{{Node: "n2", Fault: "node_down"}, {Node: "n1", Fault: "disk_full"}}}}
	if !strings.HasSuffix(o.String(), "the report is /there/report.md") {
		t.Errorf("it says %q", o)
	}
	for _, tt := range []struct {
		node   string
		fault  incident.Fault
		within time.Duration
		ok     bool
	}{
		{"n2", "node_down", time.Minute, true},
		{"n2", "node_down", 20 * time.Second, false},
		{"n1", "disk_full", time.Minute, false},
		{"n2", "disk_full", time.Minute, false},
	} {
		if err := o.Names(tt.node, tt.fault, tt.within); (err == nil) != tt.ok {
			t.Errorf("%+v: %v", tt, err)
		}
	}
	if (&Outcome{}).Names("n2", "node_down", time.Minute) == nil {
		t.Error("nothing is named, and that is right")
	}
}
