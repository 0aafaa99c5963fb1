package task

import (
	"fmt"
	"slices"
	"testing"

	"triagent/agents"
	"triagent/incident"
	"triagent/knowledge"
)

// Whom evidence is about decides who is suspected.
func TestPlacesOf(t *testing.T) {
	b := newBoard(rig(t))
	self, other := place{about: "a"}, place{about: "b", peer: true}
	for _, tt := range []struct {
		name   string
		signal incident.Signal
		kind   incident.Kind
		peer   incident.NodeID
		want   []place
	}{
		{"its own", "rig.out", incident.Metric, "", []place{self}},
		{"a call is about the one called", "rig.out", incident.Trace, "b", []place{other}},
		{"an internal one is about itself, whoever was called", "rig.own", incident.Trace, "b", []place{self}},
		{"a log line that names a peer is about both", "rig.out", incident.Log, "b", []place{self, other}},
		{"an internal log line is about itself", "rig.own", incident.Log, "b", []place{self}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := b.placesOf(tt.signal, tt.kind, "a", tt.peer); !slices.Equal(got, tt.want) {
				t.Errorf("placesOf = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestStrength(t *testing.T) {
	if strength(0) != 0 || !near(strength(full), 1) {
		t.Errorf("strength of 0 and of full are %v and %v, want 0 and 1", strength(0), strength(full))
	}
	if s := (&sighting{strength: strength(1e6), contrast: 1}).value(); s != most {
		t.Errorf("value of a huge change = %v, want no more than %v", s, most)
	}
}

func TestContrast(t *testing.T) {
	alike := func(s incident.Signal, nodes ...incident.NodeID) (out []incident.Evidence) {
		for _, n := range nodes {
			out = append(out, up("E-"+string(n), n, s, full))
		}
		return out
	}
	half := 0.5 // strength of the weaker in "a fainter copy"
	fainter := up("E-a", "a", "rig.own", 0)
	for fainter.Score = usual / 100; strength(fainter.Score) < half; fainter.Score += usual / 100 {
	}
	half = strength(fainter.Score)
	for _, tt := range []struct {
		name     string
		evidence []incident.Evidence
		want     func(float64) bool
		say      string
	}{
		{"alone", alike("rig.own", "a"), func(c float64) bool { return near(c, 1) }, "1"},
		{"all alike name none", alike("rig.own", rigNodes...), func(c float64) bool { return near(c, .25) }, "a quarter"},
		{"half of the nodes", alike("rig.own", "a", "b"), func(c float64) bool { return near(c, .25+.75/2) }, "between"},
		{"telling by itself", alike("rig.sure", rigNodes...), func(c float64) bool { return near(c, 1) }, "1 still"},
		{
			"a fainter copy", append(alike("rig.own", "b"), fainter),
			func(c float64) bool { return c > 0 && c <= half*half }, "at most the square of its share",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := with(rig(t, "rig.own", "rig.sure"), tt.evidence...)
			b := newBoard(in)
			s := b.sights[move{tt.evidence[0].Signal, incident.Up}][place{about: "a"}]
			if !tt.want(s.contrast) {
				t.Errorf("contrast = %v, want %s", s.contrast, tt.say)
			}
		})
	}
}

// What one node alone measures cannot be compared, and is taken as it is.
func TestContrastOfSingleMeter(t *testing.T) {
	b := newBoard(with(rig(t), up("E1", "a", "rig.own", full)))
	if c := b.sights[move{"rig.own", incident.Up}][place{about: "a"}].contrast; c != 1 {
		t.Errorf("contrast = %v, want 1: nobody else measures it", c)
	}
}

func TestStrongest(t *testing.T) {
	gone := up("E-gone", "c", "rig.load", full)
	gone.Direction = incident.Gone
	fresh := up("E-new", "c", "rig.sure", full)
	fresh.Direction = incident.New
	ramp := up("E-ramp", "a", "rig.out2", full)
	ramp.Shape = incident.Ramp
	peer := up("E-peer", "d", "rig.out", full)
	peer.Peer = "b"
	in := with(rig(t, "rig.own", "rig.other", "rig.sure", "rig.load", "rig.out"),
		up("E-strong", "a", "rig.own", full), up("E-weak", "a", "rig.own", usual), up("E-other", "a", "rig.other", full/2),
		gone, fresh, ramp, peer)
	in.Bundle.Topology.Groups = []incident.Group{{ID: "g", Members: []incident.NodeID{"a", "c"}}}
	b := newBoard(in)
	also := []knowledge.Sign{{Signal: "rig.other", Direction: incident.Up}}
	for _, tt := range []struct {
		name string
		node incident.NodeID
		item knowledge.Item
		want incident.EvidenceID // empty: nothing
	}{
		{"the strongest of several", "a", knowledge.Item{Signal: "rig.own"}, "E-strong"},
		{"not there", "b", knowledge.Item{Signal: "rig.own"}, ""},
		{"other way", "a", knowledge.Item{Signal: "rig.own", Direction: incident.Down}, ""},
		{"enough", "a", knowledge.Item{Signal: "rig.own", Min: full}, "E-strong"},
		{"too little", "a", knowledge.Item{Signal: "rig.own", Min: full + 1}, ""},
		{"in the shape", "a", knowledge.Item{Signal: "rig.out2", Shape: incident.Ramp}, "E-ramp"},
		{"not in the shape", "a", knowledge.Item{Signal: "rig.out2", Shape: incident.Step}, ""},
		{"of both the weaker", "a", knowledge.Item{Signal: "rig.own", All: also}, "E-other"},
		{"one of both is missing", "a", knowledge.Item{Signal: "rig.own", All: []knowledge.Sign{{Signal: "rig.load"}}}, ""},
		{"new is up", "c", knowledge.Item{Signal: "rig.sure"}, "E-new"},
		{"gone is not down", "c", knowledge.Item{Signal: "rig.load", Direction: incident.Down}, ""},
		{"gone is gone", "c", knowledge.Item{Signal: "rig.load", Direction: incident.Gone}, "E-gone"},
		{"either way", "c", knowledge.Item{Signal: "rig.load"}, "E-gone"},
		{"as others see it", "b", knowledge.Item{Signal: "rig.out", At: knowledge.Peer}, "E-peer"},
		{"not as it shows itself", "b", knowledge.Item{Signal: "rig.out"}, ""},
		{"the caller is not the called", "d", knowledge.Item{Signal: "rig.out"}, ""},
		{"at a member of its group", "c", knowledge.Item{Signal: "rig.own", At: knowledge.Replicas}, "E-strong"},
		{"itself is not its replica", "a", knowledge.Item{Signal: "rig.own", At: knowledge.Replicas}, ""},
		{"at any other", "d", knowledge.Item{Signal: "rig.own", At: knowledge.All}, "E-strong"},
		{"itself is no other", "a", knowledge.Item{Signal: "rig.own", At: knowledge.All}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got incident.EvidenceID
			if s := b.strongest(tt.node, &tt.item); s != nil {
				got = s.cite
			}
			if got != tt.want {
				t.Errorf("strongest = %q, want %q", got, tt.want)
			}
		})
	}
}

// What was measured and did not move differs from what nobody measured.
func TestCanSeeAndMoved(t *testing.T) {
	in := with(rig(t, "rig.own"), up("E1", "a", "rig.own", full))
	in.Seen = append(in.Seen, agents.Observable{Node: "c", Peer: "b", Signal: "rig.out"})
	b := newBoard(in)
	for _, tt := range []struct {
		node         incident.NodeID
		signal       incident.Signal
		seen, moving bool
	}{
		{"a", "rig.own", true, true},
		{"b", "rig.own", true, false},
		{"a", "rig.other", false, false},
		{"b", "rig.out", true, false},
		{"c", "rig.out", false, false},
	} {
		list := []incident.Signal{"rig.load", tt.signal}
		if seen, moving := b.canSee(tt.node, list), b.moved(tt.node, list); seen != tt.seen || moving != tt.moving {
			t.Errorf("%s at %s: seen %v moved %v, want %v and %v", tt.signal, tt.node, seen, moving, tt.seen, tt.moving)
		}
	}
}

func TestFirstOnset(t *testing.T) {
	late, early, unknown := up("E1", "a", "rig.own", full), up("E2", "a", "rig.other", full), up("E3", "a", "rig.sure", full)
	late.Onset, early.Onset, unknown.Onset = minute(13, 14), minute(10, 11), incident.Window{}
	b := newBoard(with(rig(t), late, early, unknown))
	if got := b.firstOnset([]incident.EvidenceID{"E3", "E1", "E2", "E9"}); got != early.Onset {
		t.Errorf("first onset = %v, want %v", got, early.Onset)
	}
	if got := b.firstOnset([]incident.EvidenceID{"E3"}); !got.IsZero() {
		t.Errorf("onset of what has none = %v, want none", got)
	}
}

func TestReplicasOf(t *testing.T) {
	got := replicasOf(incident.Topology{
		Nodes:  []incident.Node{{ID: "a", Service: "s"}, {ID: "b", Service: "s"}, {ID: "c"}, {ID: "d"}},
		Groups: []incident.Group{{Members: []incident.NodeID{"a", "b", "c"}}},
	})
	if !slices.Equal(got["a"], []incident.NodeID{"b", "c"}) || len(got["d"]) != 0 {
		t.Errorf("replicas = %v, want b and c of a, each once, and none of d", got)
	}
}

// TestManyReplicas shows that a service of many nodes does not take memory by
// the square of their number.
func TestManyReplicas(t *testing.T) {
	var top incident.Topology
	for i := range 20_000 {
		top.Nodes = append(top.Nodes, incident.Node{ID: incident.NodeID(fmt.Sprintf("n%05d", i)), Service: "web"})
	}
	for n, others := range replicasOf(top) {
		if len(others) != mostReplicas || slices.Contains(others, n) {
			t.Fatalf("%d replicas beside %s", len(others), n)
		}
	}
}
