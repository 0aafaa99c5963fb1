package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"

	"triagent/incident"
)

// readOther goes over a member that is none of metrics, logs and spans: events,
// alerts, topology. What evidence leads to must name its node, and what happened
// at its time.
func (c *checker) readOther(f *file, in *lineReader) error {
	next := 0
	var whole bytes.Buffer
	keep := len(f.numbers) > 0
	for _, p := range f.places {
		keep = keep || p.of.Kind != incident.Occurred || p.line == 0
	}
	err := in.each(func(number int, line []byte) error {
		for _, p := range f.at(number, &next) {
			p.raw = clipped(line)
			if p.of.Kind == incident.Occurred {
				p.problem = occurredMismatch(p.of, line, number)
			}
		}
		if keep && whole.Len() < largestWhole {
			whole.Write(line)
			whole.WriteByte('\n')
		}
		return nil
	})
	for _, p := range f.places {
		if err == nil && (p.of.Kind != incident.Occurred || p.line == 0) {
			p.problem = placedMismatch(p.of, f.name, whole.Bytes())
		}
	}
	if err == nil && path.Base(plainName(f.name)) == "topology.json" {
		countRoles(f.numbers, whole.Bytes())
	}
	return err
}

// countRoles computes how many groups nodes led and were in at the start of the
// time that their evidence speaks about. Before its first role in a group a node
// is taken to have held that one already.
func countRoles(numbers []*number, topology []byte) {
	var t struct {
		Roles []struct {
			Node, Role, Group string
			From              json.RawMessage
		}
	}
	if json.Unmarshal(topology, &t) != nil {
		return
	}
	for _, n := range numbers {
		if n.Stat != Led && n.Stat != Joined || n.Column != string(n.of.Node) || len(n.Windows) != 1 || n.Windows[0] != n.of.Window {
			continue
		}
		type held struct {
			role  string
			since int64
		}
		at := n.Windows[0].From.UnixNano()
		groups := map[string]held{}
		for _, r := range t.Roles {
			if r.Node != n.Column || r.Group == "" {
				continue
			}
			since, _ := readInstant(unquote(r.From))
			h, known := groups[r.Group]
			switch {
			case !known, since <= at && (h.since > at || since >= h.since), since > at && since < h.since:
				groups[r.Group] = held{r.Role, since}
			}
		}
		for _, h := range groups {
			leads := h.role == "leader" || h.role == "config_leader"
			if leads || n.Stat == Joined && (h.role == "follower" || h.role == "config_follower") {
				n.again++
			}
		}
		n.ready = true
	}
}

// largestWhole bounds the members that are looked at as a whole.
const largestWhole = 64 << 20

// placedMismatch is what is wrong with a topology as the source of evidence: it
// has to give the node its role in the group that Name says, in the window of
// the evidence; without a group to name the node.
func placedMismatch(e *incident.Evidence, name string, whole []byte) string {
	if e.Node != "" && !bytes.Contains(whole, []byte(quoted(string(e.Node)))) {
		return fmt.Sprintf("%s does not name node %q", name, e.Node)
	}
	if e.Kind != incident.Placement || e.Name == "" {
		return ""
	}
	var topology struct {
		Roles []struct {
			Node, Group string
			From        json.RawMessage
		}
	}
	if err := json.Unmarshal(whole, &topology); err != nil {
		return fmt.Sprintf("%s: %v", name, err)
	}
	for _, r := range topology.Roles {
		if r.Group != e.Name || r.Node != string(e.Node) {
			continue
		}
		if at, ok := readInstant(unquote(r.From)); ok && happened(e, at) {
			return ""
		}
	}
	return fmt.Sprintf("%s gives %q no role in %q at that time", name, e.Node, e.Name)
}

// Names reports whether an operation names a node by one of its words, in any
// case: the node's name is that word, or begins with it and goes on with what is
// no letter, as those of the replicas of a service do.
func Names(operation string, node incident.NodeID) bool {
	name := strings.ToLower(string(node))
	for _, w := range Words(operation) {
		if rest, ok := strings.CutPrefix(name, w); ok && len(w) > 1 && (rest == "" || rest[0] < 'a' || rest[0] > 'z') {
			return true
		}
	}
	return false
}

// Words are the parts of an operation's name in lower case: runs of letters,
// digits, hyphens and underscores.
func Words(operation string) []string {
	return strings.FieldsFunc(strings.ToLower(operation), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

// happened reports whether a moment is that of evidence about a moment.
func happened(e *incident.Evidence, ns int64) bool {
	t := time.Unix(0, ns)
	return (e.Window.IsZero() || e.Window.Contains(t)) && (e.Onset.IsZero() || !t.Before(e.Onset.From) && !t.After(e.Onset.To))
}

// quoted is a text as JSON writes it.
func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return s
	}
	return string(b)
}

// occurredMismatch is what is wrong with a line of events or alerts as the
// source of evidence.
func occurredMismatch(e *incident.Evidence, line []byte, number int) string {
	var raw struct {
		Time             json.RawMessage
		At               json.RawMessage
		Node, Peer       string
		Name, Kind, Text string
		Labels           struct{ Operation string }
	}
	if err := json.Unmarshal(line, &raw); err != nil {
		return fmt.Sprintf("line %d: %v", number, err)
	}
	if raw.Peer == "" { // it may name whom it called by the operation
		for _, n := range []incident.NodeID{e.Node, e.Peer} {
			if string(n) != raw.Node && Names(raw.Labels.Operation, n) {
				raw.Peer = string(n)
			}
		}
	}
	switch {
	case e.Name != "" && e.Name != raw.Name && e.Name != raw.Kind:
		return fmt.Sprintf("line %d is about %q, not %q", number, raw.Name+raw.Kind, e.Name)
	case string(e.Node) != raw.Node && string(e.Node) != raw.Peer:
		return fmt.Sprintf("line %d is about node %q, not %q", number, raw.Node, e.Node)
	case e.Peer != "" && string(e.Peer) != raw.Node && string(e.Peer) != raw.Peer:
		return fmt.Sprintf("line %d does not name %q", number, e.Peer)
	}
	for _, text := range []string{unquote(raw.Time), unquote(raw.At)} {
		if at, ok := readInstant(text); ok && !happened(e, at) {
			return fmt.Sprintf("line %d is of another time, %s", number, text)
		}
	}
	return ""
}
