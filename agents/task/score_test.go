package task

import (
	"testing"

	"triagent/agents"
	"triagent/incident"
	"triagent/knowledge"
)

// scoreOf is the hypothesis that node a is worn.
func scoreOf(t *testing.T, in agents.Input) scored {
	t.Helper()
	h, _ := hypothesisOf(t, score(in, newBoard(in)), "a", rigWorn)
	return h
}

// The three things that a needed signal can be are told apart: not measured,
// measured and quiet, moved.
func TestScoreNeeded(t *testing.T) {
	const weight, prior = 3, -2.9
	start := base + prior - usualPrior
	blind := scoreOf(t, rig(t))
	if want := start - blindPenalty; !blind.blind || blind.quiet || !near(blind.LogOdds, want) {
		t.Errorf("not measured: %+v, want log-odds %v and blind", blind, want)
	}
	calm := scoreOf(t, rig(t, "rig.own"))
	if want := start - quiet*weight - silentPenalty; calm.blind || !calm.quiet || !near(calm.LogOdds, want) {
		t.Errorf("measured and quiet: %+v, want log-odds %v and quiet", calm, want)
	}
	moved := scoreOf(t, with(rig(t, "rig.own"), up("E1", "a", "rig.own", full)))
	if want := start - quiet*weight + weight; moved.blind || moved.quiet || !near(moved.LogOdds-moved.suspicion, want) {
		t.Errorf("moved: %+v, want log-odds %v beside suspicion", moved, want)
	}
	if moved.support != weight {
		t.Errorf("support = %v, want %v", moved.support, weight)
	}
}

func TestScoreAgainst(t *testing.T) {
	in := with(rig(t, "rig.own", "rig.other"), up("E1", "a", "rig.own", full))
	free := scoreOf(t, in)
	denied := scoreOf(t, with(in, up("E2", "a", "rig.other", full)))
	if got := (free.LogOdds - free.suspicion) - (denied.LogOdds - denied.suspicion); !near(got, 1) {
		t.Errorf("evidence against took %v, want its weight, 1", got)
	}
	if len(denied.Against) != 1 || denied.Against[0] != "E2" || len(denied.Cites) != 1 || denied.Cites[0] != "E1" {
		t.Errorf("cites %v against %v, want E1 and E2", denied.Cites, denied.Against)
	}
}

// Cites come most telling first, since lists are cut.
func TestScoreCitesOrder(t *testing.T) {
	h := scoreOf(t, with(rig(t, "rig.own", "rig.out"), up("E1", "a", "rig.out", full), up("E2", "a", "rig.own", full)))
	if len(h.Cites) != 2 || h.Cites[0] != "E2" {
		t.Errorf("cites %v, want E2, of weight 3, before E1, of weight 1", h.Cites)
	}
	if h.Onset != minute(11, 12) {
		t.Errorf("onset = %v, want that of the evidence", h.Onset)
	}
}

func TestBefalls(t *testing.T) {
	lead, follow := []incident.Role{incident.Leader}, []incident.Role{incident.Follower}
	for _, tt := range []struct {
		name            string
		card            knowledge.Card
		system, service string
		roles           []incident.Role
		want            bool
	}{
		{"any", knowledge.Card{}, "x", "s", lead, true},
		{"its system", knowledge.Card{Only: []string{"x"}}, "x", "", nil, true},
		{"another system", knowledge.Card{Only: []string{"x"}}, "y", "", nil, false},
		{"its service", knowledge.Card{Service: []string{"s"}}, "x", "s", nil, true},
		{"another service", knowledge.Card{Service: []string{"s"}}, "x", "r", nil, false},
		{"service unknown", knowledge.Card{Service: []string{"s"}}, "x", "", nil, true},
		{"its role", knowledge.Card{Roles: lead}, "x", "", lead, true},
		{"one of its roles", knowledge.Card{Roles: lead}, "x", "", append(follow, lead...), true},
		{"another role", knowledge.Card{Roles: lead}, "x", "", follow, false},
		{"role unknown", knowledge.Card{Roles: lead}, "x", "", nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := befalls(&tt.card, tt.system, tt.service, tt.roles); got != tt.want {
				t.Errorf("befalls = %v, want %v", got, tt.want)
			}
		})
	}
}

// A fault of leaders is not held against a follower.
func TestScoreRoles(t *testing.T) {
	in := with(rig(t, "rig.other"), up("E1", "a", "rig.other", full))
	in.Roles = held{"a": {incident.Leader}, "b": {incident.Follower}}
	for _, h := range score(in, newBoard(in)) {
		if h.Fault == rigLed && h.Node == "b" {
			t.Error("a follower has the fault of a leader")
		}
		if h.Node == "a" && h.Role != incident.Leader || h.Node == "c" && h.Role != incident.UnknownRole {
			t.Errorf("%s is a %s", h.Node, h.Role)
		}
	}
}

func TestScoreLeaderBonus(t *testing.T) {
	in := with(rig(t, "rig.own"), up("E1", "a", "rig.own", full))
	without := scoreOf(t, in)
	in.Roles = held{"a": {incident.Leader, incident.Follower}}
	if got := scoreOf(t, in).LogOdds - without.LogOdds; !near(got, leaderBonus/2) {
		t.Errorf("leading one group of two adds %v, want %v", got, leaderBonus/2)
	}
	calm := rig(t, "rig.own")
	before := scoreOf(t, calm).LogOdds
	calm.Roles = held{"a": {incident.Leader}}
	if got := scoreOf(t, calm).LogOdds; got != before {
		t.Errorf("leading alone adds %v, want nothing without evidence", got-before)
	}
}

// Equal hypotheses come in the order of their nodes, then faults.
func TestScoreTies(t *testing.T) {
	in := rig(t)
	list := score(in, newBoard(in))
	for i := 1; i < len(list); i++ {
		a, b := list[i-1], list[i]
		if a.LogOdds < b.LogOdds || a.LogOdds == b.LogOdds && (a.Node > b.Node || a.Node == b.Node && a.Fault >= b.Fault) {
			t.Fatalf("%s %s (%v) comes before %s %s (%v)", a.Node, a.Fault, a.LogOdds, b.Node, b.Fault, b.LogOdds)
		}
	}
}

// What has evidence, however faint and at however calm a node, comes before a
// guess that has none.
func TestScoreCitedFirst(t *testing.T) {
	in := with(rig(t, "rig.own"), up("E1", "a", "rig.own", 3))
	for _, n := range rigNodes[1:] {
		in = with(in, up("E-"+string(n), n, "rig.sure", 1e4), up("F-"+string(n), n, "cpu.use", 1e4))
	}
	list := score(in, newBoard(in))
	worn, at := hypothesisOf(t, list, "a", rigWorn)
	if worn.suspicion >= 0 {
		t.Fatalf("suspicion of a = %v, want it below the others'", worn.suspicion)
	}
	for i, h := range list {
		if len(h.Cites) == 0 && i < at {
			t.Fatalf("%s at %s, without evidence, is number %d, before %s at a, with it", h.Fault, h.Node, i+1, rigWorn)
		}
	}
}

// What hardly counts does not tell when it began: a hypothesis begins with the
// earliest of what weighs a quarter of its heaviest part.
func TestOnsetOfTelling(t *testing.T) {
	heavy, light := up("E1", "a", "rig.own", full), up("E2", "a", "rig.out", full/3)
	heavy.Onset, light.Onset = minute(11, 12), minute(3, 4)
	for _, tt := range []struct {
		score float64
		want  incident.Window
	}{{full / 3, heavy.Onset}, {9 * full, light.Onset}} {
		light.Score = tt.score
		in := with(rig(t, "rig.own", "rig.out"), heavy, light)
		h := score(in, newBoard(in))[0]
		if h.Node != "a" || len(h.Cites) != 2 || h.Onset != tt.want {
			t.Errorf("score %v: %s began %v by %v, want %v", tt.score, h.Node, h.Onset, h.Cites, tt.want)
		}
	}
}
