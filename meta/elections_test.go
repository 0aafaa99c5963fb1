package meta

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"triagent/incident"
	"triagent/telemetry"
)

func TestRatisVote(t *testing.T) {
	for _, tt := range []struct {
		line string
		want vote
		ok   bool
	}{
		{"0@group-000000000000: changes role from CANDIDATE to LEADER at term 1 for changeToLeader", vote{peer: "0", group: "group-000000000000", role: incident.Leader}, true},
		{"1@group-A1B2C3D4E5F6: changes role from      null to FOLLOWER at term 0 for startAsFollower", vote{peer: "1", group: "group-A1B2C3D4E5F6", role: incident.Follower}, true},
		{"n4@group-00000000000A: change Leader from null to n3 at term 3 for appendEntries, leader elected after 204ms", vote{peer: "n4", group: "group-00000000000A", leader: "n3"}, true},
		{"n4@group-00000000000A: change Leader from n3 to null at term 3 for PRE_VOTE", vote{}, false},
		{"n4@group-00000000000A: changes role from  FOLLOWER to CANDIDATE at term 1 for changeToCandidate", vote{}, false},
		{"@group-00000000000A: changes role from CANDIDATE to LEADER", vote{}, false},
		{"group-A client-1: client change Leader from 4 to 8", vote{}, false},
		{"n4@group-00000000000A->n3, cid=1: change of plan from 1 to LEADER", vote{}, false},
		{"nothing", vote{}, false},
		// What a client sends is quoted within a message.
		{"slow query: 0@group-000000000000: changes role from CANDIDATE to LEADER at term 1", vote{}, false},
		{"user [0@group-000000000000: changes role from CANDIDATE to LEADER at term 1", vote{}, false},
		{"0@group-A: changes role from CANDIDATE to LEADER at term 1", vote{}, false},
		{"0@group-00000000000\x1b: changes role from CANDIDATE to LEADER at term 1", vote{}, false},
		{"a\x00b@group-000000000000: changes role from CANDIDATE to LEADER at term 1", vote{}, false},
		{"0@group-000000000000: change Leader from null to \x1b[2J at term 1", vote{}, false},
		{strings.Repeat("9", mostPeerName+1) + "@group-000000000000: changes role from CANDIDATE to LEADER at term 1", vote{}, false},
	} {
		if got, ok := ratisVote([]byte(tt.line)); got != tt.want || ok != tt.ok {
			t.Errorf("%q: %+v %v, want %+v %v", tt.line, got, ok, tt.want, tt.ok)
		}
	}
}

func FuzzRatisVote(f *testing.F) {
	f.Add([]byte("0@group-000000000001: changes role from CANDIDATE to LEADER at term 1"))
	f.Add([]byte("4@group-000000000002: change Leader from null to 3 at term 3"))
	f.Fuzz(func(t *testing.T, body []byte) {
		v, ok := ratisVote(body)
		if ok && (v.peer == "" || !bytes.HasPrefix(body, []byte(v.peer+"@"+v.group+": change")) || (v.leader == "") == (v.role == "")) {
			t.Errorf("%q: %+v", body, v)
		}
	})
}

// elections is a cluster of three whose topology names no role: a leads the
// configuration nodes until c wins; b leads a region, which only c says.
func elections(t *testing.T, system string) *telemetry.Bundle {
	t.Helper()
	lines := map[incident.NodeID]string{
		"a": "12:00:01 [x] INFO  o.a.r.RaftServerImpl:329 - 0@group-000000000000: changes role from CANDIDATE to LEADER at term 1 for changeToLeader",
		"b": "12:00:02 [x] INFO  o.a.r.ServerState:317 - 1@group-000000000000: change Leader from null to 0 at term 1 for appendEntries",
		"c": "12:00:02 [x] INFO  o.a.r.ServerState:317 - 2@group-000000000000: change Leader from null to 0 at term 1 for appendEntries\n" +
			"2026-01-02 12:00:03 [x] INFO  o.a.r.ServerState:317 - 2@group-000100000001: change Leader from null to 1 at term 1 for appendEntries\n" +
			"2026-01-02 12:11:00 [x] INFO  o.a.r.RaftServerImpl:329 - 2@group-000000000000: changes role from CANDIDATE to LEADER at term 2 for changeToLeader",
	}
	dst := filepath.Join(t.TempDir(), "bundle")
	if err := telemetry.Write(t.Context(), dst, func(w *telemetry.Writer) error {
		top := incident.Topology{}
		for _, n := range []incident.NodeID{"a", "b", "c"} {
			top.Nodes = append(top.Nodes, incident.Node{ID: n})
			lw, err := w.Log(n)
			if err == nil {
				_, err = io.WriteString(lw, "2026-01-02 "+lines[n]+"\n")
			}
			if err = errors.Join(err, lw.Close()); err != nil {
				return err
			}
		}
		if err := w.Topology(top); err != nil {
			return err
		}
		return w.Incident(incident.Incident{ID: "rig-1", System: system, Window: minute(10, 15), Baseline: minute(0, 9)}, time.UTC)
	}); err != nil {
		t.Fatal(err)
	}
	b, err := telemetry.Open(t.Context(), dst, telemetry.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Groups that a hostile log makes up are bounded, and that they are is said.
func TestElectedFlood(t *testing.T) {
	dst := filepath.Join(t.TempDir(), "bundle")
	if err := telemetry.Write(t.Context(), dst, func(w *telemetry.Writer) error {
		lw, err := w.Log("a")
		for i := 0; i < 10*mostSeated && err == nil; i++ {
			_, err = fmt.Fprintf(lw, "2026-01-02 12:00:00 [x] INFO  o.a.r.RaftServerImpl:329 - 0@group-%012x: changes role from CANDIDATE to LEADER at term 1\n", i)
		}
		return errors.Join(err, lw.Close(), w.Incident(incident.Incident{ID: "rig-1", System: "ozone"}, time.UTC))
	}); err != nil {
		t.Fatal(err)
	}
	b, err := telemetry.Open(t.Context(), dst, telemetry.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	roles, cut, err := elected(t.Context(), b)
	if err != nil || !cut || len(groupsOf(roles)) != mostSeated {
		t.Errorf("%d groups, cut %v, %v; want %d and that it is said", len(groupsOf(roles)), cut, err, mostSeated)
	}
}

func TestElected(t *testing.T) {
	roles, cut, err := elected(t.Context(), elections(t, "iotdb"))
	if err != nil || cut {
		t.Fatal(cut, err)
	}
	line := NewTimeline(incident.Topology{Roles: roles})
	for _, tt := range []struct {
		node incident.NodeID
		w    incident.Window
		want incident.Role
	}{
		{"a", minute(1, 10), incident.ConfigLeader},
		{"a", minute(12, 15), incident.ConfigFollower},
		{"b", minute(1, 15), incident.Leader}, // by the word of c alone
		{"c", minute(1, 10), incident.Follower},
		{"c", minute(10, 15), incident.ConfigLeader},
	} {
		if got := line.At(tt.node, tt.w); len(got) == 0 || got[0] != tt.want {
			t.Errorf("%s in %v: %v, want %s first", tt.node, tt.w, got, tt.want)
		}
	}
	groups := groupsOf(roles)
	if len(groups) != 2 || len(groups[0].Members) != 3 || len(groups[1].Members) != 2 {
		t.Errorf("groups %+v", groups)
	}
	if roles, _, _ := elected(t.Context(), elections(t, "kubernetes")); roles != nil {
		t.Errorf("%+v of a system that has no such lines", roles)
	}
	b := elections(t, "iotdb")
	b.Topology.Roles = []incident.RoleSpan{{Node: "a", Role: incident.Leader}}
	if roles, _, _ := elected(t.Context(), b); roles != nil {
		t.Errorf("%+v beside those of the topology", roles)
	}
}
