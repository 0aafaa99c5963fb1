package knowledge

import (
	"fmt"
	"strings"

	"triagent/incident"
)

// Where says where evidence for an item is looked for, relative to the node
// that a hypothesis is about.
type Where string

// The places. Self is the default.
const (
	Self     Where = "self"     // evidence about the node itself
	Peer     Where = "peer"     // evidence observed elsewhere that names the node (Evidence.Peer)
	Replicas Where = "replicas" // evidence about other instances of the node's service, or other members of its groups
	All      Where = "all"      // evidence about every other node
)

// Sign is a signal that moved in a direction; "" is its bad direction, or
// either if it has none. It is written "net.out down".
type Sign struct {
	Signal    incident.Signal
	Direction incident.Direction
}

// MarshalText writes the sign as it is written in files.
func (s Sign) MarshalText() ([]byte, error) {
	return []byte(strings.TrimSpace(string(s.Signal) + " " + string(s.Direction))), nil
}

// UnmarshalText reads "signal" or "signal direction".
func (s *Sign) UnmarshalText(text []byte) error {
	f := strings.Fields(string(text))
	if len(f) == 0 || len(f) > 2 {
		return fmt.Errorf("want a signal and maybe a direction, as \"net.out down\", have %q", text)
	}
	s.Signal = incident.Signal(f[0])
	if len(f) == 2 {
		s.Direction = incident.Direction(f[1])
	}
	return nil
}

// Item is one kind of evidence that speaks for or against a fault.
type Item struct {
	Signal    incident.Signal    `json:"signal"`
	Direction incident.Direction `json:"direction,omitempty"` // "": the signal's bad direction, or either if it has none
	Weight    float64            `json:"weight"`              // log-odds at full strength; > 0 in For and Against alike
	At        Where              `json:"at,omitempty"`        // "": self
	All       []Sign             `json:"all,omitempty"`       // counts only if all of these are seen at the same place too
	Min       float64            `json:"min,omitempty"`       // least evidence score that counts; 0: the engine's own
	Shape     incident.Shape     `json:"shape,omitempty"`     // counts only in this shape; "": any
}

// Card says how a fault shows, which evidence would deny it, and what to do.
type Card struct {
	Fault   incident.Fault  `json:"fault"`
	Names   Texts           `json:"name"`
	Texts   Texts           `json:"text"` // what happens
	Nature  Nature          `json:"nature"`
	Roles   []incident.Role `json:"roles,omitempty"`    // of nodes that it can befall; empty: any
	Only    []string        `json:"systems,omitempty"`  // systems that it exists in; empty: any
	Service []string        `json:"services,omitempty"` // services that it can befall; empty: any
	Prior   float64         `json:"prior"`              // log-odds before any evidence
	For     []Item          `json:"for"`
	Against []Item          `json:"against,omitempty"`
	// Needed lists sets of signals of which at least one each must be
	// observable (whether it moved or not), else the fault cannot be told.
	Needed [][]incident.Signal `json:"needed,omitempty"`
	// Explains are signals that move on other nodes as its consequence.
	Explains []incident.Signal `json:"explains,omitempty"`
	Do       []ActionTemplate  `json:"do"` // lowest risk first
}

// Place returns where the item's evidence is looked for.
func (i Item) Place() Where {
	if i.At == "" {
		return Self
	}
	return i.At
}

// Way returns the direction that counts, given what is known of the signal; ""
// is either.
func (i Item) Way(s SignalInfo) incident.Direction {
	if i.Direction == "" {
		return s.Bad
	}
	return i.Direction
}

// Name returns the fault's name in a language, English if it has none.
func (c *Card) Name(lang string) string {
	return c.Names.In(lang)
}

// Cards returns every card, in the order of the files.
func (b *Base) Cards() []Card { return b.cards }

// Card returns the card of a fault.
func (b *Base) Card(f incident.Fault) (*Card, bool) {
	i, ok := b.byFault[f]
	if !ok {
		return nil, false
	}
	return &b.cards[i], true
}
