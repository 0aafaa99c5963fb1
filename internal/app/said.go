package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"triagent/agents/casebook"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/store"
	"triagent/telemetry"
)

// said is what people last said to be the cause of an incident: that the
// diagnosis of an attempt is right, or a node and a fault.
type said struct {
	attempt int // whose first cause is right; 0: it is node and fault
	node    incident.NodeID
	fault   incident.Fault
}

// nothing is the fault that people name where nothing was wrong.
const nothing incident.Fault = "none"

// saidOf returns the newest word of people on an incident. It reports false where
// that names no cause: nobody said anything, or only that it was not this, or
// that nothing was wrong, or not both who and how.
func saidOf(t store.Taught) (said, bool) {
	if t.Case && (t.Said.ID == 0 || !t.TruthAt.Before(t.Said.At)) {
		var truth struct {
			Healthy bool   `json:"healthy"`
			Node    string `json:"node"`
			Fault   string `json:"fault"`
		}
		if json.Unmarshal(t.Truth, &truth) != nil || truth.Healthy { // what cannot be read names no cause
			return said{}, false
		}
		return named(truth.Node, truth.Fault)
	}
	if t.Said.Verdict == "right" {
		return said{attempt: t.Said.Attempt}, t.Said.Attempt > 0
	}
	return named(t.Said.Node, t.Said.Fault)
}

// named is a cause that people named.
func named(node, fault string) (said, bool) {
	s := said{node: incident.NodeID(strings.TrimSpace(node)), fault: incident.Fault(strings.TrimSpace(fault))}
	return s, s.node != "" && isFault(s.fault)
}

// isFault reports whether a fault says what was wrong.
func isFault(f incident.Fault) bool { return f != "" && f != nothing && f != incident.UnknownFault }

// madeFrom tells lessons apart that were made of something else: of other data,
// another word or by another engine.
func madeFrom(t store.Taught, s said) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%q %d %q %q %q %d", t.Bundle, s.attempt, s.node, s.fault, EngineVersion, casebook.Version))
	return hex.EncodeToString(h[:16])
}

// truth is what was said, as a bundle would say it. A diagnosis that names no
// cause gives an error of kind Invalid.
func (l *learner) truth(ctx context.Context, id string, s said) (telemetry.Truth, error) {
	c := telemetry.TrueCause{Node: s.node, Fault: s.fault}
	if s.attempt > 0 {
		d, err := l.store.Diagnosis(ctx, id, s.attempt)
		if err != nil {
			return telemetry.Truth{}, err
		}
		if d.Verdict == incident.Healthy || len(d.Causes) == 0 || !isFault(d.Causes[0].Fault) {
			return telemetry.Truth{}, errs.New(errs.Invalid, "the diagnosis that is right names no cause")
		}
		c.Node, c.Fault, c.Label = d.Causes[0].Node, d.Causes[0].Fault, d.Causes[0].Label
	}
	return telemetry.Truth{Causes: []telemetry.TrueCause{c}}, nil
}
