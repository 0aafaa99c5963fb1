// Package casebook remembers incidents whose cause is known, and says of a new
// one which of its nodes looks like the culprits of old, and what was wrong with
// those.
//
// A case is remembered as evidence vectors, one a node, that hold no name of a
// node: what moved there and how, how that stands out against the node's
// replicas and all others, what its neighbours show, and what the engine makes
// of it without any memory. The culprit of a confirmed case is an example of
// one, its other nodes are examples of those that are not. So a book made on one
// system says something about nodes that it has never seen. It is no use on
// another system, and there has no weight: what tells a culprit there is measured
// elsewhere.
//
// Of a handful of different cases the nearest ones are asked, of more a forest,
// with a step between the two; and the more different cases there are
// the more the book is believed, against the weights that people set (Book.
// Weigh). A case that is there many times counts as one.
//
// A Book is safe for concurrent use; equal cases, in whatever order, make equal
// books.
package casebook

import (
	"maps"
	"slices"

	"triagent/incident"
	"triagent/internal/errs"
)

// Features are the numbers of a node by what they mean. What is not there is 0.
type Features map[string]float64

// Case is a remembered incident.
type Case struct {
	ID      string   // of the incident; need not be unique
	Context Features // what holds for all its nodes
	Nodes   []Node   // at most MaxNodes; at least one is a culprit
}

// Node is a node of a case. It has no name, but Who tells nodes of one service
// from others within the system.
type Node struct {
	Who      string // a hash of its service, or of its own name where it has none (Mask); empty: unknown
	Features Features
	Culprit  bool
	Fault    incident.Fault // of a culprit
	Label    string         // the user's own word for it; may be empty
}

// Bounds of a book. A node that shows nothing teaches nothing, so of large
// systems the nodes that show most are kept.
const (
	MaxCases    = 5_000
	MaxNodes    = 64
	MaxFeatures = 4096 // of a node, and of a context
	maxWidth    = 16_384
	maxName     = 256 // bytes of a feature's name, a label, an id
)

// Validate reports what is wrong with a case, as kind Invalid.
func (c *Case) Validate() error {
	if len(c.ID) > maxName || len(c.Nodes) > MaxNodes || len(c.Context) > MaxFeatures {
		return errs.New(errs.Invalid, "case %.40q is too large: %d nodes, %d features of all of them", c.ID, len(c.Nodes), len(c.Context))
	}
	culprits := 0
	for _, n := range c.Nodes {
		if n.Culprit {
			culprits++
		}
		if len(n.Features) > MaxFeatures || len(n.Label) > maxName || len(n.Who) > maxName || len(n.Fault) > maxName {
			return errs.New(errs.Invalid, "case %q: a node has %d features, or a name that is too long", c.ID, len(n.Features))
		}
		if err := n.Features.validate(c.ID); err != nil {
			return err
		}
	}
	if culprits == 0 {
		return errs.New(errs.Invalid, "case %q names no culprit", c.ID)
	}
	return c.Context.validate(c.ID)
}

func (f Features) validate(id string) error {
	for _, k := range slices.Sorted(maps.Keys(f)) {
		if v := f[k]; len(k) > maxName || v-v != 0 { // not finite
			return errs.New(errs.Invalid, "case %q: feature %.40q is %v", id, k, v)
		}
	}
	return nil
}

// kind is what can be wrong, as the users of the book tell it apart.
type kind struct {
	fault incident.Fault
	label string
}
