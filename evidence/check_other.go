package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"triagent/incident"
)

// readOther goes over a member that is none of metrics, logs and spans: events,
// alerts, topology. What evidence leads to must name its node, and what happened
// at its time.
func (c *checker) readOther(f *file, in *lineReader) error {
	next := 0
	var whole bytes.Buffer
	keep := false
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
	return err
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
	}
	if err := json.Unmarshal(line, &raw); err != nil {
		return fmt.Sprintf("line %d: %v", number, err)
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
