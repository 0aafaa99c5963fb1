package wire

import (
	"triagent/store"
)

// Incident is an incident as lists and pages show it.
type Incident struct {
	ID        string            `json:"id"`
	Number    int64             `json:"number"`
	Version   int64             `json:"version" doc:"Grows with every change; the ETag"`
	Title     string            `json:"title"`
	System    string            `json:"system"`
	Severity  string            `json:"severity" enum:"info,warning,major,critical"`
	Status    string            `json:"status" enum:"open,resolved"`
	Progress  string            `json:"progress" enum:"waiting,queued,running,done,failed"`
	Source    string            `json:"source"`
	Labels    map[string]string `json:"labels"`
	Nodes     []string          `json:"nodes"`
	Started   Time              `json:"started"`
	Ended     Time              `json:"ended"`
	Opened    Time              `json:"opened"`
	Updated   Time              `json:"updated"`
	Resolved  Time              `json:"resolved"`
	Alerts    int               `json:"alerts"`
	Firing    int               `json:"firing"`
	Folded    int64             `json:"folded" doc:"Repeats that were folded into the alerts"`
	Size      int64             `json:"size" doc:"Bytes of the bundle as stored"`
	HasBundle bool              `json:"has_bundle"`
	Attempt   int               `json:"attempt"`
	Assignee  string            `json:"assignee"`
	Case      bool              `json:"case"`
	Headline  *Headline         `json:"headline"`
}

// Headline is what the last diagnosis says, in short.
type Headline struct {
	Verdict     string  `json:"verdict"`
	Confidence  float64 `json:"confidence"`
	Node        string  `json:"node"`
	Service     string  `json:"service"`
	Role        string  `json:"role"`
	Fault       string  `json:"fault"`
	FaultName   string  `json:"fault_name"`
	Probability float64 `json:"probability"`
	Onset       Time    `json:"onset"`
	Summary     string  `json:"summary"`
	WallMS      int64   `json:"wall_ms"`
	Engine      string  `json:"engine"`
	Error       string  `json:"error"`
}

// IncidentOf converts an incident. Its headline is nil where no diagnosis has
// ended yet.
func IncidentOf(i store.Incident, w Words) Incident {
	return Incident{
		ID: i.ID, Number: i.Number, Version: i.Version, Title: i.Title, System: i.System,
		Severity: Severity(i.Severity), Status: string(i.Status), Progress: string(i.Progress), Source: i.Source,
		Labels: Map(i.Labels), Nodes: List(i.Nodes), Started: Time(i.Started), Ended: Time(i.Ended),
		Opened: Time(i.Opened), Updated: Time(i.Updated), Resolved: Time(i.Resolved),
		Alerts: i.Alerts, Firing: i.Firing, Folded: i.Folded, Size: i.Size, HasBundle: i.Bundle != "",
		Attempt: i.Attempt, Assignee: i.Assignee, Case: i.Case, Headline: headlineOf(i.Headline, w),
	}
}

func headlineOf(h store.Headline, w Words) *Headline {
	if h.Verdict == "" && h.Error == "" {
		return nil
	}
	return &Headline{
		Verdict: string(h.Verdict), Confidence: h.Confidence, Node: string(h.Node), Service: h.Service,
		Role: string(h.Role), Fault: string(h.Fault), FaultName: w.Name("fault", string(h.Fault)),
		Probability: h.Probability, Onset: Time(h.Onset), Summary: w.Word(h.Summary),
		WallMS: h.WallMS, Engine: h.Engine, Error: h.Error,
	}
}

// Alert is one distinct alert.
type Alert struct {
	ID          int64             `json:"id"`
	Incident    string            `json:"incident"`
	Source      string            `json:"source"`
	Name        string            `json:"name"`
	Severity    string            `json:"severity" enum:"info,warning,major,critical"`
	Node        string            `json:"node"`
	Peer        string            `json:"peer"`
	System      string            `json:"system"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	URL         string            `json:"url"`
	Starts      Time              `json:"starts"`
	Ends        Time              `json:"ends"`
	Received    Time              `json:"received"`
	Last        Time              `json:"last"`
	Count       int64             `json:"count"`
	Fingerprint string            `json:"fingerprint"`
}

// AlertOf converts an alert.
func AlertOf(a store.Alert) Alert {
	return Alert{
		ID: a.ID, Incident: a.Incident, Source: a.Source, Name: a.Name, Severity: Severity(a.Severity),
		Node: a.Node, Peer: a.Peer, System: a.System, Labels: Map(a.Labels), Annotations: Map(a.Annotations),
		URL: a.URL, Starts: Time(a.Starts), Ends: Time(a.Ends), Received: Time(a.Received), Last: Time(a.Last),
		Count: a.Count, Fingerprint: a.Fingerprint,
	}
}

// Attempt is the record of one diagnosis.
type Attempt struct {
	Attempt   int    `json:"attempt"`
	State     string `json:"state" enum:"waiting,queued,running,done,failed"`
	Reason    string `json:"reason"`
	Worker    string `json:"worker"`
	Enqueued  Time   `json:"enqueued"`
	Started   Time   `json:"started"`
	Finished  Time   `json:"finished"`
	Error     string `json:"error"`
	ErrorKind string `json:"error_kind"`
}

// AttemptOf converts an attempt.
func AttemptOf(a store.Attempt) Attempt {
	return Attempt{
		Attempt: a.Attempt, State: string(a.State), Reason: a.Reason, Worker: a.Worker, Enqueued: Time(a.Enqueued),
		Started: Time(a.Started), Finished: Time(a.Finished), Error: a.Error, ErrorKind: a.ErrorKind,
	}
}

// Feedback is what a person said of a diagnosis.
type Feedback struct {
	ID      int64  `json:"id"`
	Attempt int    `json:"attempt"`
	User    string `json:"user"`
	Verdict string `json:"verdict" enum:"right,wrong"`
	Node    string `json:"node"`
	Fault   string `json:"fault"`
	Note    string `json:"note"`
	At      Time   `json:"at"`
}

// FeedbackOf converts feedback.
func FeedbackOf(f store.Feedback) Feedback {
	return Feedback{
		ID: f.ID, Attempt: f.Attempt, User: f.User, Verdict: f.Verdict, Node: f.Node, Fault: f.Fault,
		Note: f.Note, At: Time(f.At),
	}
}
