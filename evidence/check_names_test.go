package evidence

import (
	"testing"

	"triagent/incident"
)

// An operation names the nodes of a service by a word of its own.
func TestNames(t *testing.T) {
	for _, tt := range []struct {
		operation string
		node      incident.NodeID
		want      bool
	}{
		{"/geo.Geo/Nearby", "geo-0", true},
		{"/geo.Geo/Nearby", "GEO", true},
		{"POST /front-end/cart", "front-end-1", true},
		{"/geo.Geo/Nearby", "geometry-0", false},
		{"/geometry/x", "geo-0", false},
		{"/rate.Rate/Get", "memcached-rate-0", false},
		{"", "geo-0", false},
		{"/x/y", "x", false},
	} {
		if got := Names(tt.operation, tt.node); got != tt.want {
			t.Errorf("%q names %q: %v, want %v", tt.operation, tt.node, got, tt.want)
		}
	}
}

// What an alert says of a call is about the node that raised it and whom its
// operation names, and about nobody else.
func TestAlertOfCall(t *testing.T) {
	line := []byte(`{"node":"search-0","name":"PD","source":"trace","labels":{"operation":"/geo.Geo/Nearby"}}`)
	for _, tt := range []struct {
		node, peer incident.NodeID
		sound      bool
	}{
		{"search-0", "geo-0", true},
		{"geo-0", "search-0", true},
		{"search-0", "rate-0", false},
		{"rate-0", "search-0", false},
		{"geo-0", "geo-1", false},
	} {
		e := &incident.Evidence{Kind: incident.Occurred, Node: tt.node, Peer: tt.peer, Name: "PD"}
		if wrong := occurredMismatch(e, line, 1); (wrong == "") != tt.sound {
			t.Errorf("about %s and %s: %q", tt.node, tt.peer, wrong)
		}
	}
}
