// Package connectors holds the contracts between Triagent and the systems
// around it: alerts that come in and messages that go out. Every kind of system
// is a package of its own below this one and knows no other.
package connectors

import (
	"context"
	"strings"
	"time"

	"triagent/incident"
)

// Alert is one alert as a receiver understood it, whatever sent it.
type Alert struct {
	Source      string            // receiver: "alertmanager", "generic/NAME", "slack"
	Name        string            // of the rule; never empty
	Severity    string            // as sent; empty: not said
	Node        string            // node it points at; empty: not known
	Peer        string            // other end of a call; empty: none
	System      string            // system or cluster; empty: not known
	Labels      map[string]string // identity; never made from generated text
	Annotations map[string]string // words for people
	URL         string            // back to where it came from; empty: none
	Starts      time.Time         // UTC; zero: when it was received
	Ends        time.Time         // zero: firing
	Group       string            // the sender's own grouping key; empty: none
}

// SignalOf says what kind of signal an alert was raised on, where its source or
// a label tells; "" where none does.
func SignalOf(source string, labels map[string]string) incident.Kind {
	for _, name := range []string{"signal", "telemetry", "datasource_type", "source_type"} {
		switch strings.ToLower(labels[name]) {
		case "metric", "metrics", "prometheus":
			return incident.Metric
		case "log", "logs", "loki", "elasticsearch":
			return incident.Log
		case "trace", "traces", "tempo", "jaeger":
			return incident.Trace
		}
	}
	if source == "alertmanager" {
		return incident.Metric // its rules are over metrics, whatever they count
	}
	return ""
}

// Message is what is told to people about one event of one incident, already
// worded. A Sender lays it out in the way of its channel and adds nothing.
type Message struct {
	ID       string // same for every try: a receiver that can drop repeats by it
	Kind     string // "opened", "diagnosed", "updated", "resolved", "failed", "account", "test"
	Lang     string // "en" or "zh"
	Incident string // "inc-42"; empty: not about an incident
	Title    string // one line
	Text     string // one to three sentences; plain text
	Severity string // "info", "warning", "major", "critical"; empty: none
	Status   string // "open" or "resolved"; empty: none
	Verdict  string // "confirmed", "likely", "inconclusive", "healthy"; empty: not diagnosed
	Fields   []Field
	Steps    []string // what to do, in order; plain text
	URL      string   // page of the incident; empty: none is configured
	At       time.Time
	Data     []byte // JSON for programs: the incident as the REST API gives it; may be nil
}

// Field is one labelled value of a message, as node or confidence.
type Field struct{ Name, Value string }

// Receipt is what a channel gave back for a message, so that the message can be
// updated in place and answered in its thread. It is opaque and may be empty.
type Receipt string

// A Sender puts messages out on one channel. Implementations are safe for
// concurrent use and do not retry: the caller does.
type Sender interface {
	// Send delivers m. Before is the receipt of the first message about the same
	// incident on this channel, or empty; a Sender that can update in place does,
	// and puts the detail in the thread. The receipt returned is kept as Before
	// if there was none. Errors are of kind errs.Unavailable if a retry may
	// succeed (with After, where the other end said when, see Delay), errs.Denied
	// if the credentials are refused, errs.Invalid if the channel refuses the
	// message for good. Errors hold no secret and no URL that may hold one.
	Send(ctx context.Context, m Message, before Receipt) (Receipt, error)
}

// Delay is an optional ability of an error: how long the other end asked to wait.
type Delay interface{ RetryAfter() time.Duration }

// Secret is text that prints as "***". Convert it to string to use it.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString hides the secret.
func (s Secret) GoString() string { return s.String() }
