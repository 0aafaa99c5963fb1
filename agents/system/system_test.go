package system

import (
	"context"
	"slices"
	"testing"
	"time"

	"triagent/agents"
	"triagent/incident"
	"triagent/knowledge"
	"triagent/telemetry"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func at(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }

// cast is who has which role throughout.
type cast map[incident.NodeID][]incident.Role

func (c cast) At(n incident.NodeID, _ incident.Window) []incident.Role { return c[n] }

func (c cast) Leads(n incident.NodeID, _ incident.Window) (led, member int) {
	for _, r := range c[n] {
		if leads(r) {
			led++
		}
		if leads(r) || r == incident.Follower || r == incident.ConfigFollower {
			member++
		}
	}
	return led, member
}

// input is what the agents see of a cast, in a window from minute 10 to 15 whose
// search begins at minute 8.
func input(t *testing.T, c cast, evidence ...incident.Evidence) agents.Input {
	t.Helper()
	base, err := knowledge.Load()
	if err != nil {
		t.Fatal(err)
	}
	in := agents.Input{
		Bundle: &telemetry.Bundle{}, Base: base, Roles: c, Evidence: evidence,
		Frame: agents.Frame{Window: incident.Window{From: at(10), To: at(15)}, Search: incident.Window{From: at(8), To: at(15)}},
	}
	for n := range c {
		in.Nodes = append(in.Nodes, n)
	}
	slices.Sort(in.Nodes)
	return in
}

// rose is evidence of a signal that went up at a node.
func rose(id string, node incident.NodeID, s incident.Signal, score float64) incident.Evidence {
	return incident.Evidence{ID: incident.EvidenceID(id), Node: node, Signal: s, Direction: incident.Up, Score: score, Source: incident.Source{File: "metrics/" + string(node)}}
}

func investigate(t *testing.T, a agents.Agent, in agents.Input) agents.Result {
	t.Helper()
	res, err := a.Investigate(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	known := map[incident.EvidenceID]bool{}
	for _, e := range slices.Concat(in.Evidence, res.Evidence) {
		known[e.ID] = true
	}
	for _, f := range res.Findings {
		if f.Agent != a.Name() || len(f.Cites) == 0 || f.Strength < 0 || f.Strength > 1 {
			t.Errorf("finding %+v of %s", f, a.Name())
		}
		for _, id := range f.Cites {
			if !known[id] {
				t.Errorf("finding of %s at %s cites %q, which nobody made", a.Name(), f.Node, id)
			}
		}
	}
	return res
}

// Only a change between leading and not leading, of a node whose role was known
// before, inside the search, is a leadership that moved.
func TestLeaderMoves(t *testing.T) {
	span := func(r incident.Role, group string, minute int) incident.RoleSpan {
		return incident.RoleSpan{Node: "a", Role: r, Group: group, From: at(minute)}
	}
	for _, tt := range []struct {
		name  string
		spans []incident.RoleSpan
		want  []incident.Signal
	}{
		{"kept", []incident.RoleSpan{span(incident.Leader, "g", 0), span(incident.Leader, "g", 11)}, nil},
		{"lost", []incident.RoleSpan{span(incident.Leader, "g", 0), span(incident.Follower, "g", 11)}, []incident.Signal{"leadership.lost"}},
		{"gained, before the window but in the search", []incident.RoleSpan{span(incident.Follower, "g", 0), span(incident.Leader, "g", 9)}, []incident.Signal{"leadership.gained"}},
		{"lost and regained", []incident.RoleSpan{span(incident.Leader, "g", 0), span(incident.Follower, "g", 11), span(incident.Leader, "g", 12)}, []incident.Signal{"leadership.lost", "leadership.gained"}},
		{"written out of order", []incident.RoleSpan{span(incident.Follower, "g", 11), span(incident.Leader, "g", 0)}, []incident.Signal{"leadership.lost"}},
		{"long before", []incident.RoleSpan{span(incident.Leader, "g", 0), span(incident.Follower, "g", 5)}, nil},
		{"after the window", []incident.RoleSpan{span(incident.Leader, "g", 0), span(incident.Follower, "g", 15)}, nil},
		{"first heard of", []incident.RoleSpan{span(incident.Leader, "g", 11)}, nil},
		{"of two groups", []incident.RoleSpan{span(incident.Leader, "g", 0), span(incident.Follower, "h", 11)}, nil},
		{"a role without a group", []incident.RoleSpan{span(incident.Leader, "", 0), span(incident.Follower, "", 11)}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := input(t, cast{"a": {incident.Leader}, "b": {incident.Follower}})
			in.Bundle.Topology.Roles = append(tt.spans, incident.RoleSpan{Node: "b", Role: incident.Leader, Group: "g", From: at(11)})
			var got []incident.Signal
			for _, e := range investigate(t, Leader{}, in).Evidence {
				got = append(got, e.Signal)
				if e.Node != "a" || e.Score != movedScore || !in.Frame.Search.Contains(e.Onset.From) {
					t.Errorf("evidence %+v, want it of a, with its moment", e)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("moves %v, want %v", got, tt.want)
			}
		})
	}
}

// That a leadership could have moved and did not is said of every node.
func TestLeaderSeen(t *testing.T) {
	res := investigate(t, Leader{}, input(t, cast{"a": {incident.Leader}, "b": {incident.Service}}))
	if len(res.Seen) != 4 {
		t.Errorf("seen %v, want lost and gained of both nodes", res.Seen)
	}
	if len(res.Findings) != 0 {
		t.Errorf("findings %+v, want none: there is nothing to cite", res.Findings)
	}
}

func TestFollower(t *testing.T) {
	roles := []incident.RoleSpan{
		{Node: "l1", Role: incident.Leader, Group: "g1"},
		{Node: "l2", Role: incident.Leader, Group: "g2"},
		{Node: "f", Role: incident.Follower, Group: "g1"},
		{Node: "f", Role: incident.Follower, Group: "g2"},
		{Node: "l3", Role: incident.Leader, Group: "g3"},
	}
	who := cast{"l1": {incident.Leader}, "l2": {incident.Leader}, "l3": {incident.Leader}, "f": {incident.Follower}}
	better := rose("E2", "l2", "replication.lag", 9)
	better.Direction = incident.Down
	for _, tt := range []struct {
		name     string
		evidence []incident.Evidence
		score    float64 // 0: no evidence
		leader   incident.NodeID
	}{
		{"nobody waits", nil, 0, ""},
		{"one of two leaders waits", []incident.Evidence{rose("E1", "l1", "replication.lag", 20)}, 0, ""},
		{"both wait, the least counts", []incident.Evidence{rose("E1", "l1", "replication.lag", 20), rose("E2", "l2", "replication.queue", 9)}, 9, "l2"},
		{"of one leader the strongest counts", []incident.Evidence{
			rose("E1", "l1", "replication.lag", 20), rose("E2", "l2", "replication.queue", 9), rose("E3", "l2", "replication.latency", 12),
		}, 12, "l2"},
		{"a lag that shrinks is no wait", []incident.Evidence{rose("E1", "l1", "replication.lag", 20), better}, 0, ""},
		{"the leader of another group waits", []incident.Evidence{rose("E1", "l3", "replication.lag", 20)}, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := input(t, who, tt.evidence...)
			in.Bundle.Topology.Roles = roles
			res := investigate(t, Follower{}, in)
			if tt.score == 0 {
				if len(res.Evidence)+len(res.Findings) != 0 {
					t.Errorf("made %+v, want nothing", res)
				}
				return
			}
			if len(res.Evidence) != 1 || len(res.Findings) != 1 || res.Findings[0].Node != "f" {
				t.Fatalf("made %+v, want one of each about f", res)
			}
			e := res.Evidence[0]
			if e.Score != tt.score || e.Node != tt.leader || e.Peer != "f" || e.Signal != "follower.lag" || e.Source.File != "metrics/"+string(tt.leader) {
				t.Errorf("evidence %+v, want score %v of %s about f, with the raw data of the leader", e, tt.score, tt.leader)
			}
		})
	}
}

// Slow metadata is the configuration leader's only if all who ask wait.
func TestConfig(t *testing.T) {
	who := cast{"c": {incident.ConfigLeader}, "d1": {incident.Leader}, "d2": {incident.Follower}}
	measured := func(in agents.Input, nodes ...incident.NodeID) agents.Input {
		for _, n := range nodes {
			in.Seen = append(in.Seen, agents.Observable{Node: n, Signal: "config.latency"})
		}
		return in
	}
	one, two := rose("E1", "d1", "config.latency", 20), rose("E2", "d2", "config.latency", 8)
	all := investigate(t, Config{}, measured(input(t, who, one, two), "d1", "d2"))
	if len(all.Evidence) != 2 || len(all.Findings) != 1 || all.Findings[0].Node != "c" || len(all.Findings[0].Cites) != 2 {
		t.Fatalf("all wait: %+v, want two pieces of evidence about c", all)
	}
	for _, e := range all.Evidence {
		if e.Peer != "c" || e.Score != 8 {
			t.Errorf("evidence %+v, want it about c, as strong as the least wait", e)
		}
	}
	some := investigate(t, Config{}, measured(input(t, who, one), "d1", "d2"))
	if len(some.Evidence) != 0 {
		t.Errorf("one waits: %+v, want nothing: the other does not", some.Evidence)
	}
	if len(some.Seen) != 2 || some.Seen[0].Peer != "c" {
		t.Errorf("seen %+v, want that both could have waited for c", some.Seen)
	}
	own := investigate(t, Config{}, measured(input(t, who, rose("E1", "c", "config.latency", 20)), "c"))
	if len(own.Evidence)+len(own.Seen) != 0 {
		t.Errorf("its own wait: %+v, want nothing", own)
	}
}

func TestCoordinator(t *testing.T) {
	who := cast{"g": {incident.Gateway}, "s": {incident.Service}}
	less := rose("E3", "g", "query.rate", 30)
	less.Direction = incident.Down
	res := investigate(t, Coordinator{}, input(t, who,
		rose("E1", "g", "request.rate", 20), rose("E2", "g", "cpu.use", 30), less, rose("E4", "s", "request.rate", 30)))
	if len(res.Findings) != 1 || res.Findings[0].Node != "g" || !slices.Equal(res.Findings[0].Cites, []incident.EvidenceID{"E1"}) {
		t.Errorf("findings %+v, want that g was asked for more, by E1 alone", res.Findings)
	}
}

// What a service did itself is told from what others may have done to it.
func TestService(t *testing.T) {
	who := cast{"s": {incident.Service}, "l": {incident.Leader}}
	peer := rose("E5", "s", "call.latency", 20)
	peer.Peer = "l"
	res := investigate(t, Service{}, input(t, who,
		rose("E1", "s", "cpu.use", 20), rose("E2", "s", "request.latency", 20), rose("E3", "s", "request.error", 20),
		rose("E4", "s", "process.restarts", 20), peer, rose("E6", "l", "cpu.use", 20), rose("E7", "s", "net.in", 20)))
	if len(res.Findings) != 1 || res.Findings[0].Node != "s" {
		t.Fatalf("findings %+v, want one about s", res.Findings)
	}
	f := res.Findings[0]
	if !slices.Equal(f.Cites, []incident.EvidenceID{"E1", "E4", "E2", "E3"}) || f.Strength != 0.5 {
		t.Errorf("cites %v, strength %v, want its own (E1, E4) before those of others (E2, E3), and half", f.Cites, f.Strength)
	}
}
