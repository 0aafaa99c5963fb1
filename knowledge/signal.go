package knowledge

import (
	"strings"

	"triagent/incident"
)

// Nature says whose doing a signal's movement can be. It is what tells a
// culprit from a victim (PRISM, arXiv 2601.21359).
type Nature string

// The natures.
const (
	InternalNature    Nature = "internal"    // only the node's own doing moves it: own CPU, own disk
	ExternalNature    Nature = "external"    // a victim shows it as easily: latency, errors
	LoadNature        Nature = "load"        // what is asked of the node: requests, rows, bytes
	ReplicationNature Nature = "replication" // how copies follow one another
	AbsenceNature     Nature = "absence"     // something that should be there is not
)

// Scope says what a measurement is about.
type Scope string

// The scopes; "" is unknown: the node as such.
const (
	MachineScope   Scope = "machine"
	ContainerScope Scope = "container"
	ProcessScope   Scope = "process"
	DatabaseScope  Scope = "database"
	ClientScope    Scope = "client"
)

// SignalInfo is what is known of a signal.
type SignalInfo struct {
	Signal   incident.Signal    `json:"signal"`
	Resource string             `json:"-"`               // before the dot: "cpu"
	Kind     string             `json:"-"`               // after the dot: "use"
	Bad      incident.Direction `json:"bad,omitempty"`   // up or down; "": either
	Nature   Nature             `json:"nature"`          //
	Floor    float64            `json:"floor,omitempty"` // relative change below which nothing is meant
	Weight   float64            `json:"weight,omitempty"`
	Log      bool               `json:"log,omitempty"` // judged on a log scale
	// Specific says that it is telling at each node by itself, so that it says no
	// less where several nodes show it.
	Specific bool   `json:"specific,omitempty"`
	Scope    Scope  `json:"scope,omitempty"` // where it is measured unless the metric's name says otherwise
	EN       string `json:"en"`
	ZH       string `json:"zh"`
}

// complete sets what follows from the rest: resource, kind, weight 1.
func (s *SignalInfo) complete() {
	s.Resource, s.Kind, _ = strings.Cut(string(s.Signal), ".")
	if s.Weight == 0 {
		s.Weight = 1
	}
}

// Name returns the name of the signal in a language, English if it has none.
func (s SignalInfo) Name(lang string) string {
	if lang == "zh" && s.ZH != "" {
		return s.ZH
	}
	return s.EN
}

// Signal returns what is known of a signal.
func (b *Base) Signal(s incident.Signal) (SignalInfo, bool) {
	i, ok := b.bySignal[s]
	if !ok {
		return SignalInfo{}, false
	}
	return b.signals[i], true
}

// Signals returns every signal, in the order of the files.
func (b *Base) Signals() []SignalInfo { return b.signals }
