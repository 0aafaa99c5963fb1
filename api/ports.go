package api

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"triagent/incident"
	"triagent/store"
)

// Store is what the service keeps; *store.Store has it. Errors have kinds of
// package errs, and wrap store.ErrStale and store.ErrFull where these apply.
type Store interface {
	incidentStore
	diagnosisStore
	bundleStore
	recordStore

	// Ping asks the database for a sign of life.
	Ping(ctx context.Context) error
	// Writable tells whether the database can be written, seconds ago at most.
	Writable(ctx context.Context) error
	// Check says what is wrong with what is kept; nothing is wrong with nil.
	Check(ctx context.Context) []string
}

var _ Store = (*store.Store)(nil)

type incidentStore interface {
	CreateIncident(ctx context.Context, by store.Actor, in store.Incident, idem string, job *store.Job) (store.Incident, bool, error)
	Incident(ctx context.Context, id string) (store.Incident, error)
	Incidents(ctx context.Context, f store.Filter) (store.Page, error)
	UpdateIncident(ctx context.Context, by store.Actor, id string, version int64, edit func(*store.Incident) error) (store.Incident, error)
	Version(ctx context.Context, id string) (int64, error)
	Revision(ctx context.Context) (int64, error)
	Alerts(ctx context.Context, f store.AlertFilter) ([]store.Alert, string, error)
	Topology(ctx context.Context, system string) ([]store.TopologyNode, []store.TopologyEdge, error)
}

type diagnosisStore interface {
	Enqueue(ctx context.Context, by store.Actor, id, reason string, notBefore time.Time) (store.Job, error)
	QueueState(ctx context.Context) (queued, running, capacity int, err error)
	QueuePosition(ctx context.Context, id string) (int, error)
	Jobs(ctx context.Context, limit int) ([]store.Job, error)
	Traces(ctx context.Context, id string, attempt, after, limit int) ([]store.Trace, error)
	Diagnosis(ctx context.Context, id string, attempt int) (incident.Diagnosis, error)
	Attempts(ctx context.Context, id string) ([]store.Attempt, error)
}

type bundleStore interface {
	PutBundle(ctx context.Context, name string, r io.Reader, limit int64) (size int64, sha256 string, err error)
	BundlePath(name string) (string, error)
	DeleteBundle(ctx context.Context, name string) error
	CreateUpload(ctx context.Context, u store.Upload) (store.Upload, error)
	Upload(ctx context.Context, id string) (store.Upload, error)
	AppendUpload(ctx context.Context, id string, offset int64, r io.Reader) (store.Upload, error)
	FinishUpload(ctx context.Context, id string) (string, error)
	DeleteUpload(ctx context.Context, id string) error
	ExpireUploads(ctx context.Context) error
}

type recordStore interface {
	AddFeedback(ctx context.Context, by store.Actor, f store.Feedback) (store.Feedback, error)
	FeedbackOf(ctx context.Context, id string) ([]store.Feedback, error)
	SetCase(ctx context.Context, by store.Actor, id string, on bool, truth []byte) error
	Cases(ctx context.Context) ([]store.Case, error)
	Setting(ctx context.Context, name string) (store.Setting, error)
	PutSetting(ctx context.Context, by store.Actor, v store.Setting) (store.Setting, error)
	PutEvaluation(ctx context.Context, by store.Actor, e store.Evaluation) (store.Evaluation, error)
	Evaluations(ctx context.Context) ([]store.Evaluation, error)
	Evaluation(ctx context.Context, id string) (store.Evaluation, error)
	DeleteEvaluation(ctx context.Context, by store.Actor, id string) error
	Audit(ctx context.Context, f store.AuditFilter) ([]store.Entry, string, error)
	VerifyAudit(ctx context.Context) (entries, brokenAt int64, err error)
}

// Case is one incident to evaluate on.
type Case struct {
	ID    string // of the incident
	Path  string // of its bundle
	Truth []byte // JSON of what is known to be true, as POST /incidents/{id}/case took it
}

// An Evaluator runs the engine over cases with known answers.
type Evaluator interface {
	// Run evaluates the set "demo" (the bundled incidents; cases is empty) or
	// "cases" (those given) and returns the report as JSON, in the form that
	// `triagent eval run --out` writes. Progress is told as it goes.
	Run(ctx context.Context, set string, cases []Case, progress func(done, total int)) (json.RawMessage, error)
}

// Check is one line of the self-diagnosis.
type Check struct {
	Name   string `json:"name"`
	State  string `json:"state" enum:"ok,warn,fail"`
	Text   string `json:"text"`
	Remedy string `json:"remedy" doc:"What to do; empty where nothing is to be done"`
}
