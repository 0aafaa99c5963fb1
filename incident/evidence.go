package incident

import "time"

// EvidenceID names a piece of evidence within a diagnosis, as "E3".
type EvidenceID string

// FindingID names a finding within a diagnosis, as "F1".
type FindingID string

// Kind says what sort of raw data evidence was made from.
type Kind string

// The kinds of evidence.
const (
	Metric    Kind = "metric"
	Log       Kind = "log"
	Trace     Kind = "trace"
	Occurred  Kind = "event" // a Change or an Alert of the bundle
	Placement Kind = "topology"
	Knowledge Kind = "knowledge"
)

// Direction is which way a signal moved.
type Direction string

// The directions. New and Gone are for what appeared or vanished: a log
// template, a call, a node's samples.
const (
	Up   Direction = "up"
	Down Direction = "down"
	New  Direction = "new"
	Gone Direction = "gone"
)

// Shape is how a signal moved.
type Shape string

// The shapes.
const (
	Step      Shape = "step"
	Ramp      Shape = "ramp"
	Spike     Shape = "spike"
	Flat      Shape = "flat"
	Saturated Shape = "saturated"
	Silent    Shape = "silent" // no samples where there were some
)

// Signal is the meaning of a measurement, system-independent: resource and kind
// joined by a dot, as "cpu.use" or "net.retransmit". The names are those of the
// knowledge base; empty means that it is not understood.
type Signal string

// Evidence is one observation, made by code from raw data, that findings cite.
type Evidence struct {
	ID        EvidenceID
	Kind      Kind
	Node      NodeID // whom it is about; empty: the whole system
	Peer      NodeID // other end of the call or replication, where there is one
	Signal    Signal // its meaning; empty: not understood
	Name      string // the metric, log template or operation as the system calls it
	Unit      string // unit of the numbers; empty: none
	Window    Window // time that it speaks about
	Direction Direction
	Shape     Shape
	// Score is the size of the change against the baseline in robust standard
	// deviations with a floor (see package evidence); >= 0. Alerts, which have
	// no size, score a fixed amount.
	Score float64
	// Onset is when the change began, as an interval: it began somewhere in it.
	// Zero: unknown.
	Onset   Window
	Text    Text
	Source  Source
	Numbers []Number // every number in Text and how to compute it again
}

// Source leads back to the raw data.
type Source struct {
	File  string // bundle member; empty: none
	Line  int    // 1-based, of the decompressed member; 0: the whole file
	Query string // what was asked, where data came by query; a selector within File otherwise
}

// Stat names a computation over raw data; package evidence implements and
// re-checks each.
type Stat string

// Number is a number in evidence, with the recipe that yields it from the raw
// data, so that a checker can compute it again.
type Number struct {
	Name    string  // its argument name in Text
	Value   float64 // as computed, before rounding for print
	Stat    Stat
	File    string   // bundle member
	Column  string   // metric column, log template, or span selector
	Windows []Window // samples that lie in any of them count; empty: all
	Arg     string   // parameter of the Stat; may be empty
}

// Text is a sentence that is worded at print time, in the reader's language:
// the key of a phrase and its arguments. Arguments are already formatted
// (numbers, names, times) and are data, never markup.
type Text struct {
	Key  string
	Args []Arg
}

// Arg is a named argument of a Text. If Phrase is set, Value is itself the key
// of a phrase and is worded before it is put in place.
type Arg struct {
	Name   string
	Value  string
	Phrase bool
}

// Say makes a Text from a key and alternating names and values.
func Say(key string, pairs ...string) Text {
	t := Text{Key: key}
	for i := 0; i+1 < len(pairs); i += 2 {
		t.Args = append(t.Args, Arg{Name: pairs[i], Value: pairs[i+1]})
	}
	return t
}

// With returns a copy of t with one more argument that is itself a phrase.
func (t Text) With(name, phrase string) Text {
	t.Args = append(append([]Arg(nil), t.Args...), Arg{Name: name, Value: phrase, Phrase: true})
	return t
}

// Finding is what an agent makes of evidence.
type Finding struct {
	ID       FindingID
	Agent    string // name of the agent, as "data/metric"
	Node     NodeID // whom it is about; empty: the whole system
	Text     Text
	Strength float64 // 0..1, how sure the agent is that it is abnormal and matters
	Cites    []EvidenceID
}

// Hypothesis is a node with a fault, scored.
type Hypothesis struct {
	Node     NodeID
	Service  string
	Role     Role
	Fault    Fault
	LogOdds  float64 // natural logarithm, before normalising over hypotheses
	Cites    []EvidenceID
	Against  []EvidenceID
	Onset    Window
	Children []NodeID // nodes whose trouble it explains
}

// Cause is a hypothesis worth a look, ranked.
type Cause struct {
	Rank        int // from 1
	Node        NodeID
	Service     string
	Role        Role
	Fault       Fault
	Probability float64 // 0..1, marginal: causes need not add up to 1
	Onset       time.Time
	Label       string // the user's own word for it, from solved cases; may be empty
	Cites       []EvidenceID
}

// Rejected is a hypothesis that was considered and ruled out, with the reason.
type Rejected struct {
	Node    NodeID
	Fault   Fault
	Because Text
	Cites   []EvidenceID
}

// Reason is one cited step of the reasoning. Cites holds evidence and finding IDs.
type Reason struct {
	Number int // from 1
	Text   Text
	Cites  []string
}

// Spread is how trouble went from one node to another.
type Spread struct {
	From, To NodeID
	At       time.Time // zero: unknown
	Cites    []EvidenceID
}
