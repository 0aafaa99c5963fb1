package data

import (
	"strings"

	"triagent/agents"
	"triagent/evidence"
	"triagent/incident"
)

// lostTime is the signal of a call that is slow for its caller alone: it may
// show at any node, whoever is at the other end.
const lostTime incident.Signal = "call.net_time"

// mostCallees bounds how many nodes one alert of a caller is told about.
const mostCallees = 8

// callSides pairs the two ends of calls that alerts from traces tell slow. The
// callee's span is told with its caller as peer; the caller's own span has no
// peer, and whom it called stands in its operation, if anywhere: both ends of a
// call are named alike in most tracers, after the service that answers. A call
// that is slow for its caller alone lost its time between the two.
type callSides struct {
	answered map[callSide]bool                            // a callee's span is told slow, too
	callees  map[callOf][]incident.NodeID                 // whom a caller's alert is about
	between  map[incident.NodeID]map[incident.NodeID]bool // by caller, callees to which time is lost
}

type callSide struct {
	caller, callee incident.NodeID
	operation      string
}

type callOf struct {
	caller    incident.NodeID
	operation string
}

func newCallSides(in agents.Input, alerts []incident.Alert) *callSides {
	s := &callSides{answered: map[callSide]bool{}, callees: map[callOf][]incident.NodeID{}, between: map[incident.NodeID]map[incident.NodeID]bool{}}
	servers := map[string][]incident.NodeID{} // of a service, in the order of the topology
	for _, n := range in.Bundle.Topology.Nodes {
		if n.Service != "" && evidence.Names(n.Service, n.ID) { // else what is told could not be checked
			servers[strings.ToLower(n.Service)] = append(servers[strings.ToLower(n.Service)], n.ID)
		}
	}
	for _, al := range alerts {
		if tellsSlow(al) && al.Peer != "" {
			s.answered[callSide{al.Peer, al.Node, al.Labels["operation"]}] = true
		}
	}
	for _, al := range alerts {
		if k := (callOf{al.Node, al.Labels["operation"]}); tellsSlow(al) && al.Peer == "" && s.callees[k] == nil {
			s.callees[k] = s.called(k, servers)
		}
	}
	return s
}

// called finds whom a caller's operation calls: the nodes of the longest service
// named in it that is another than its own, or of these those that were told to
// answer it slowly.
func (s *callSides) called(k callOf, servers map[string][]incident.NodeID) []incident.NodeID {
	var all []incident.NodeID
	longest := 0
	for _, word := range evidence.Words(k.operation) {
		if to := servers[word]; len(word) > longest && len(to) > 0 {
			all, longest = to, len(word)
		}
	}
	var slow []incident.NodeID
	for _, n := range all {
		if n == k.caller {
			return nil // its own work
		}
		if s.answered[callSide{k.caller, n, k.operation}] {
			slow = append(slow, n)
		}
	}
	if len(slow) > 0 {
		return slow
	}
	for _, n := range all[:min(len(all), mostCallees)] {
		if s.between[k.caller] == nil {
			s.between[k.caller] = map[incident.NodeID]bool{}
		}
		s.between[k.caller][n] = true
	}
	return all[:min(len(all), mostCallees)]
}

// tellsSlow reports whether an alert tells of a slow span within the system.
func tellsSlow(al incident.Alert) bool {
	return al.Source == incident.Trace && al.Labels["caller"] == "" && al.Labels["operation"] != "" && !isStatus(al.Name)
}

// isStatus reports whether an alert from traces is named by a status code.
func isStatus(name string) bool { return name != "" && strings.Trim(name, "0123456789") == "" }

// of makes of a caller's alert, as e, what it says of the calls: evidence about
// the callee where that was slow, too. Else about the network of the callee, and
// of the caller where it loses time on the way to others as well: the end that
// sees it on several edges is the likelier one. It returns none for an alert that
// is not a caller's.
func (s *callSides) of(al incident.Alert, e incident.Evidence) []incident.Evidence {
	if !tellsSlow(al) || al.Peer != "" {
		return nil
	}
	var out []incident.Evidence
	for _, n := range s.callees[callOf{al.Node, al.Labels["operation"]}] {
		e.Node, e.Peer, e.Signal = al.Node, n, "call.latency"
		if !s.answered[callSide{al.Node, n, al.Labels["operation"]}] {
			e.Signal = lostTime
			e.Text = incident.Say("alert.between", "name", al.Name, "operation", al.Labels["operation"])
			if len(s.between[al.Node]) > 1 {
				out = append(out, e)
			}
			e.Node, e.Peer = n, al.Node
		}
		out = append(out, e)
	}
	return out
}
