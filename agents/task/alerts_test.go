package task

import (
	"testing"

	"triagent/incident"
)

// Who is asked for less, asks for less and sends less, while its replica sends
// as before, is cut off; without the replica's share it is one of many.
func TestCutOff(t *testing.T) {
	in := rig(t, "request.rate", "call.rate", "net.out")
	in.Bundle.Topology.Nodes[0].Service, in.Bundle.Topology.Nodes[1].Service = "s", "s"
	for i, s := range []incident.Signal{"request.rate", "call.rate", "net.out"} {
		e := up("E"+string(rune('1'+i)), "a", s, 14)
		e.Direction = incident.Down
		in = with(in, e)
	}
	lone := newBoard(in).alarmed()["a"]
	if lone < cutOff*fullAlert {
		t.Errorf("cut off counts %v, want %v or more", lone, cutOff*fullAlert)
	}
	e := up("E9", "b", "net.out", 14)
	e.Direction = incident.Down
	if both := newBoard(with(in, e)).alarmed()["a"]; both >= lone-cutOff*fullAlert {
		t.Errorf("with a replica that sends less, too, it counts %v after %v", both, lone)
	}
}

// More load than usual makes no culprit.
func TestMoreLoadIsNoAlarm(t *testing.T) {
	in := rig(t, "rig.load", "rig.own")
	got := newBoard(with(in, up("E1", "a", "rig.load", 14), up("E2", "b", "rig.own", 14))).alarmed()
	if got["a"] != 0 || got["b"] <= 0 {
		t.Errorf("alarmed %v, want b alone", got)
	}
}

// between is evidence of time lost at a node on the way to or from a peer.
func between(id string, node, peer incident.NodeID) incident.Evidence {
	e := up(id, node, "call.net_time", 14)
	e.Kind, e.Peer = incident.Occurred, peer
	return e
}

// Time lost on several edges of a node is its own; on one edge it is that of the
// end that has no other.
func TestLostOnEdges(t *testing.T) {
	one := newBoard(with(rig(t, "call.net_time"), between("E1", "b", "a"))).alarmed()
	if one["b"] <= 0 || one["a"] != 0 {
		t.Errorf("one edge: %v, want b alone", one)
	}
	all := newBoard(with(rig(t, "call.net_time"), between("E1", "b", "a"), between("E2", "a", "b"), between("E3", "c", "a"), between("E4", "a", "c"))).alarmed()
	if all["a"] <= all["b"] || all["a"] <= all["c"] {
		t.Errorf("two edges of a: %v, want a before b and c", all)
	}
}

// One alert that a node answers late is as good as none; that both ends tell it
// counts.
func TestLateAtBothEnds(t *testing.T) {
	late := func(id string) incident.Evidence {
		e := up(id, "a", "call.latency", 14)
		e.Kind, e.Peer = incident.Occurred, "b"
		return e
	}
	if got := newBoard(with(rig(t, "call.latency"), late("E1"))).alarmed(); got["b"] != 0 {
		t.Errorf("told once: %v, want nobody alarmed", got)
	}
	if got := newBoard(with(rig(t, "call.latency"), late("E1"), late("E2"))).alarmed(); got["b"] <= 0 || got["a"] != 0 {
		t.Errorf("told twice: %v, want b alone", got)
	}
}
