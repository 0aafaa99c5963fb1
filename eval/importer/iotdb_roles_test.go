package importer

import (
	"maps"
	"testing"
	"time"
)

func TestWitnesses(t *testing.T) {
	start := time.Date(2023, 11, 18, 8, 0, 0, 0, time.UTC)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	line := func(s int, text string) record { return record{at: at(s), text: []byte("stamp [x] INFO  " + text)} }
	var w witnesses
	w.hear("a", []record{
		line(1, "o.a.r.s.impl.RoleInfo:138 - 0: start 0@group-000000000000-LeaderStateImpl "),
		line(5, "o.a.r.s.impl.RoleInfo:138 - 4: start 4@group-000200000000-FollowerState "),
		// What the engine goes by is no witness.
		line(6, "o.a.r.s.i.RaftServerImpl:329 - 4@group-000200000000: changes role from CANDIDATE to LEADER at term 1 for changeToLeader "),
	}, at(60))
	w.hear("b", []record{
		line(2, "o.a.i.c.c.s.ConfigRegionStateMachine:202 - Current node [nodeId:1, ip:port: TEndPoint(ip:172.20.0.11, port:10720)] is not longer the leader, the new leader is [nodeId:0] "),
		line(20, "o.a.r.s.impl.RoleInfo:138 - 1: start 1@group-000000000000-LeaderStateImpl "),
		line(70, "o.a.r.s.impl.RoleInfo:138 - 5: start 5@group-000200000000-LeaderStateImpl "), // too late
	}, at(60))
	w.hear("c", []record{
		line(7, "o.a.r.s.impl.ServerState:317 - 6@group-000100000001: change Leader from null to 4 at term 1 for appendEntries, leader elected after 2 ms "),
		line(8, "o.a.r.s.impl.ServerState:317 - 6@group-000100000001: change Leader from 4 to 9 at term 1 for becomeLeader "),
	}, at(60))
	for from, want := range map[int]map[string]string{
		10: {"a": "leader", "b": "config_leader", "c": "follower"},
		30: {"a": "leader", "b": "config_leader", "c": "follower"},
	} {
		if got := w.roles(at(from)); !maps.Equal(got, want) {
			t.Errorf("from second %d: %v, want %v", from, got, want)
		}
	}
	var alone witnesses
	alone.hear("b", []record{line(2, "o.a.r.s.impl.RoleInfo:138 - 1: start 1@group-000000000000-LeaderStateImpl ")}, at(60))
	alone.hear("a", []record{
		line(1, "o.a.r.s.impl.RoleInfo:138 - 0: start 0@group-000000000000-LeaderStateImpl "),
	}, at(60))
	if got := alone.roles(at(2)); got["a"] != "config_leader" || got["b"] != "config_leader" {
		t.Errorf("led until the window began, or since: %v", got)
	}
	if got := alone.roles(at(3)); got["a"] != "config_follower" || got["b"] != "config_leader" {
		t.Errorf("a gave up before: %v", got)
	}
}
