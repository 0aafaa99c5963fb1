// Package store keeps the state of the service: incidents, their bundles,
// diagnoses and the events of each, alerts, what is to be told to whom, users,
// sessions, tokens, settings and the audit.
//
// One schema serves two databases: SQLite in the data folder by default, and
// PostgreSQL. Constraints in the schema hold what must hold; a method that
// writes owns its transaction and returns once it is durable. Everything is
// safe for concurrent use by many goroutines and by several processes.
//
// Errors have a kind of package errs: NotFound, Invalid (a constraint says no),
// Denied (an edit of something that was changed since it was read: ErrStale),
// Exhausted (the queue is full: ErrFull), Unavailable (a retry may succeed).
package store

import (
	"errors"
	"time"

	"triagent/incident"
)

// ErrStale says that a row was changed since the caller read it.
var ErrStale = errors.New("it was changed by someone else since it was read")

// ErrFull says that the queue of diagnoses holds as many as it may.
var ErrFull = errors.New("the queue of diagnoses is full")

// ErrLost says that a job is no longer its worker's: the lease ran out and
// another has it, or it is done.
var ErrLost = errors.New("the job is no longer held by this worker")

// Severity is how bad an incident or an alert is; a larger one is worse.
type Severity int

// The severities.
const (
	Info     Severity = 1
	Warning  Severity = 2
	Major    Severity = 3
	Critical Severity = 4
)

// Status is where an incident stands in the eyes of people.
type Status string

// The statuses. Resolved is set by the alerts that clear or by a person.
const (
	Open     Status = "open"
	Resolved Status = "resolved"
)

// Progress is where the diagnosis of an incident stands.
type Progress string

// The states of a diagnosis.
const (
	Waiting Progress = "waiting" // alerts still gather; no job yet
	Queued  Progress = "queued"
	Running Progress = "running"
	Done    Progress = "done"
	Failed  Progress = "failed"
)

// Incident is an incident as the service keeps it. Its headline repeats what
// the last finished diagnosis says, so that lists need no diagnosis.
type Incident struct {
	ID        string // "inc-42"; made by the store
	Number    int64
	Version   int64 // grows with every change; the ETag
	Title     string
	System    string // kind of system; empty: unknown
	Severity  Severity
	Status    Status
	Progress  Progress
	Source    string // "upload", "alertmanager", "generic", "slack", "api", "demo"
	Key       string // identity among open incidents; empty: none. Never made from generated text
	Labels    map[string]string
	Nodes     []string  // those that alerts or the diagnosis name, ascending
	Started   time.Time // first sign of trouble
	Ended     time.Time // last sign; zero: not over
	Opened    time.Time // when the service learned of it
	Updated   time.Time
	Resolved  time.Time // zero: open
	Alerts    int       // distinct alerts
	Firing    int       // of them still firing
	Folded    int64     // repeats that were folded into them
	Bundle    string    // name in the bundle store; empty: none
	Size      int64     // bytes of the bundle as stored
	Attempt   int       // of the last diagnosis; 0: none
	Assignee  string    // user ID; empty: nobody
	Case      bool      // kept as an evaluation case
	Headline  Headline
	Requested incident.Window // what the caller asked to examine; zero: what the bundle says
}

// Headline is what the last finished diagnosis says, in short.
type Headline struct {
	Verdict     incident.Verdict // empty: not diagnosed yet
	Confidence  float64
	Node        incident.NodeID
	Service     string
	Role        incident.Role
	Fault       incident.Fault
	Probability float64
	Onset       time.Time
	Summary     incident.Text
	WallMS      int64
	Engine      string
	Error       string // why the diagnosis failed; empty: it did not
}

// Filter chooses incidents. Empty fields choose everything.
type Filter struct {
	Status    []Status
	Progress  []Progress
	Severity  []Severity
	Verdict   []incident.Verdict
	System    string
	Node      string
	Fault     string
	Source    string
	Assignee  string
	Text      string    // words that title, nodes, fault, summary or labels contain, any case; an ID finds that incident
	From, To  time.Time // Started within [From, To)
	Case      bool      // only evaluation cases
	Sort      string    // "opened", "updated", "started", "severity", "number"; "-" in front: descending; empty: "-opened"
	After     string    // cursor of the page before; empty: first page
	Limit     int       // 1..500; 0: 50
	CountUpTo int       // count matches up to this many; 0: do not count
}

// Page is one page of incidents.
type Page struct {
	Items []Incident
	Next  string // cursor of the next page; empty: this is the last
	Total int    // matches, as far as counted; -1: not counted
	More  bool   // there are more than Total
}

// Alert is one distinct alert of an incident: a fingerprint that began to fire
// at a time. Repeats are counted, not kept.
type Alert struct {
	ID          int64
	Incident    string
	Source      string // receiver it came by: "alertmanager", "generic/NAME", "slack"
	Fingerprint string // hex of a hash over source and labels
	Name        string
	Severity    Severity
	Node        string // node it points at; empty: unknown
	Peer        string
	System      string
	Labels      map[string]string
	Annotations map[string]string
	URL         string // back to where it came from; empty: none
	Starts      time.Time
	Ends        time.Time // zero: firing
	Received    time.Time // first
	Last        time.Time // last received
	Count       int64     // times received
}

// Placed is an alert with the incident it belongs to.
type Placed struct {
	Alert     Alert
	Incident  string    // known open incident; empty: Open is opened
	Open      *Incident // what to open; its Key is unique among open incidents: on conflict the alert joins the open one
	NotBefore time.Time // an incident that it opens is diagnosed after; zero: at once
}

// AlertFilter chooses alerts. Empty fields choose everything.
type AlertFilter struct {
	Incident string
	Text     string // words that name, node, labels or annotations contain, any case
	Node     string
	Source   string
	Firing   bool      // only those that still fire
	From, To time.Time // Starts within [From, To)
	After    string    // cursor of the page before; empty: first page
	Limit    int       // 1..500; 0: 50
}

// Arrival is what came of an alert that was taken in.
type Arrival struct {
	Incident string
	Alert    int64
	Opened   bool // it opened the incident
	New      bool // it was not known before
	Changed  bool // it began or ceased to fire
}

// Job is a diagnosis to be made.
type Job struct {
	Incident  string
	Attempt   int
	Priority  int // larger first; by severity
	Bundle    string
	Worker    string
	Lease     time.Time // until when it is the worker's
	NotBefore time.Time
	Enqueued  time.Time
	State     Progress // Waiting, Queued or Running
	Takes     int      // times a worker took it; with Worker it says who holds it
	Reason    string   // as in Attempt

	lost int // times its process died while it ran
}

// Trace is one stored event of a diagnosis, in order; N counts from 1 within
// the attempt.
type Trace struct {
	Attempt int
	N       int
	At      time.Time
	Event   incident.Event
}

// Attempt is the record of one diagnosis.
type Attempt struct {
	Incident  string
	Attempt   int
	State     Progress
	Worker    string
	Enqueued  time.Time
	Started   time.Time
	Finished  time.Time
	Error     string // why it failed
	ErrorKind string // kind of package errs
	Reason    string // "upload", "alerts", "asked", "restart"
}

// Feedback is what a person says of a diagnosis.
type Feedback struct {
	ID       int64
	Incident string
	Attempt  int
	User     string // user ID
	Verdict  string // "right" or "wrong"
	Node     string // the true cause, where it was given
	Fault    string
	Note     string
	At       time.Time
}

// Actor is who does something, for the audit.
type Actor struct {
	User  string // user ID; empty: the service itself
	Name  string // as shown: user name, token name, "triagent"
	Addr  string // address it came from; empty: none
	Token string // ID of the API token used; empty: a session
}

// Entry is one line of the audit. Hash covers the entry and the hash before it.
type Entry struct {
	N      int64
	At     time.Time
	Actor  Actor
	Action string // "incident.create", "login.failed", "user.update" ...
	Object string // what was touched, as "inc-42"
	Detail map[string]string
	Hash   string // hex SHA-256
}

// Role is what a user may do; each includes those before it.
type Role string

// The roles, ascending.
const (
	Viewer   Role = "viewer"
	Operator Role = "operator"
	Approver Role = "approver"
	Admin    Role = "admin"
)

// User is a person's account.
type User struct {
	ID          string
	Version     int64
	Name        string // log-in name, lower case, unique
	Display     string
	Email       string
	Role        Role
	Password    string // argon2id in PHC form; empty: none (OIDC, or not set yet)
	Subject     string // "issuer|sub" of OIDC; empty: local
	Disabled    bool
	Failures    int       // log-ins that failed in a row
	LockedUntil time.Time // zero: not locked
	Created     time.Time
	LastLogin   time.Time
	Preferences []byte // JSON of the page: theme, density, arrangement, where the user was; nil: none
}

// Session is a log-in. The cookie's value is not kept, only its hash.
type Session struct {
	Hash    string // hex SHA-256 of the cookie's value
	User    string
	Data    []byte
	Created time.Time
	Expires time.Time
	Addr    string
	Agent   string
}

// Token is an API token. Its value is shown once; only its hash is kept.
type Token struct {
	ID      string
	User    string
	Name    string
	Scopes  []string // "read", "write", "hooks", "metrics", "admin"
	Hash    string
	Created time.Time
	Expires time.Time // zero: never
	Used    time.Time // last use, to the minute; zero: never
}

// Notice is something that people may want to be told. It is written in the
// transaction of what happened and expanded into deliveries afterwards.
type Notice struct {
	ID       int64
	Incident string // empty: not about an incident
	Kind     string // "opened", "diagnosed", "updated", "resolved", "failed", "account", "test"
	At       time.Time
	Detail   map[string]string
}

// Delivery is a notice on its way to one channel.
type Delivery struct {
	ID      int64
	Notice  Notice
	Channel string // ID of the channel
	State   string // "pending", "sent", "failed" (given up), "muted" (quiet hours or switched off)
	Tries   int
	NextTry time.Time
	Lease   time.Time // until when a sender has it
	Error   string    // of the last try
	Receipt string    // what the channel gave back, to update the message later
	Updated time.Time
}

// Channel is a way out: a Slack channel, an address, a URL.
type Channel struct {
	ID      string
	Version int64
	Name    string
	Kind    string // "slack", "webhook", "email", "teams", "mattermost", "dingtalk", "wecom", "feishu", "loki"
	Enabled bool
	Config  []byte // JSON of the kind's configuration; secrets sealed
	Created time.Time
}

// DeliveryFilter chooses deliveries. Empty fields choose everything.
type DeliveryFilter struct {
	Incident string
	Channel  string
	State    string
	After    string // cursor of the page before; empty: first page
	Limit    int    // 1..500; 0: 50
}

// AuditFilter chooses entries of the audit. Empty fields choose everything.
type AuditFilter struct {
	Actor    string    // user ID
	Action   string    // whole, or a beginning that ends in a dot as "user."
	Object   string    // whole
	From, To time.Time // At within [From, To)
	After    string    // cursor of the page before; empty: first page
	Limit    int       // 1..500; 0: 50
}

// Link is a one-time secret on its way to somebody: setup, invitation, log-in
// under way. Only the hash of its value is kept.
type Link struct {
	Hash    string // hex SHA-256
	Kind    string // "setup", "invite" or "oidc"
	User    string // user ID; empty: nobody's
	Data    []byte
	Expires time.Time
}

// TopologyNode is a node that some diagnosis saw.
type TopologyNode struct {
	System   string
	Node     string
	Service  string
	Role     incident.Role
	Seen     time.Time // when it was last seen
	Incident string    // in which it was last seen
}

// TopologyEdge says that one node talks to another.
type TopologyEdge struct {
	System   string
	From, To string
	Kind     string // as in incident.GraphEdge
	Seen     time.Time
	Count    int64 // calls in the window of the last diagnosis that saw it
}

// Case is an incident that is kept for evaluation.
type Case struct {
	Incident Incident
	Truth    []byte // JSON of what is known to be true; nil: nothing
}

// Evaluation is one run of the evaluation.
type Evaluation struct {
	ID      string
	Name    string
	Set     string // what was evaluated
	At      time.Time
	State   string // "running", "done" or "failed"
	Summary []byte // JSON for lists
	Data    []byte // JSON of everything; not filled in lists
}

// Upload is a bundle that arrives in pieces.
type Upload struct {
	ID      string // made by the store
	User    string // who uploads
	Name    string // as the user calls it; never a file name here
	Size    int64  // bytes in all, > 0
	SHA256  string // hex, checked at the end; empty: not checked
	Offset  int64  // bytes received
	Bundle  string // name in the bundle store once finished; empty: not yet
	Created time.Time
	Expires time.Time
}

// Setting is a JSON document of the installation, by name.
type Setting struct {
	Name    string
	Version int64
	Value   []byte
}
