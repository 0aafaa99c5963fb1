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
