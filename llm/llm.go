// Package llm is how Triagent asks language models: one question, one answer.
// Who answers is a detail: an endpoint (llm/endpoint), a pool of them
// (llm/pool), or one that replays what was answered before. What a model says is
// untrusted text; whoever asked holds it against its schema and its evidence.
package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"triagent/internal/errs"
)

// Model answers questions. Implementations are safe for concurrent use and end
// when ctx does.
type Model interface {
	// Ask returns an answer that is whole: one that was cut off, is empty or is no
	// answer at all is an error, and the usage is told all the same. Errors are of
	// type *Failure, or that of ctx.
	Ask(ctx context.Context, q Question) (Answer, error)
}

// Question is what a model is asked.
type Question struct {
	System string // instructions; ours alone
	User   string // the matter, with what is untrusted in it delimited
	// Schema is the JSON schema of the answer; nil: free text. Endpoints that can
	// bind the model to it do; the answer is to be checked all the same.
	Schema      json.RawMessage
	Name        string  // of the prompt, as "diagnose"; letters, digits, - and _
	MaxTokens   int     // of the answer; 0: 1024
	Temperature float64 // 0..2
	// Incident is what it is about. Questions about one begin alike: they go to the
	// same endpoint where possible, which may remember the beginning. Tenant is
	// whose it is. Both pay (llm/budget).
	Incident string
	Tenant   string
}

// DefaultMaxTokens is the length of an answer where none is asked for.
const DefaultMaxTokens = 1024

// Limit is the length of the answer that is asked for, in tokens.
func (q Question) Limit() int {
	if q.MaxTokens > 0 {
		return q.MaxTokens
	}
	return DefaultMaxTokens
}

// Answer is what a model said.
type Answer struct {
	Text     string
	Model    string // as it is configured
	Endpoint string // which gave it
	Usage    Usage
	Wall     time.Duration
}

// Usage is what an answer took.
type Usage struct {
	Calls            int // that reached an endpoint, failed ones among them
	PromptTokens     int
	CompletionTokens int
	USD              float64 // by the prices of the endpoint; 0: it has none
}

// Add sums up.
func (u Usage) Add(v Usage) Usage {
	return Usage{u.Calls + v.Calls, u.PromptTokens + v.PromptTokens, u.CompletionTokens + v.CompletionTokens, u.USD + v.USD}
}

// Why is what went wrong with a question, for those who decide what to do next.
type Why string

// The reasons.
const (
	Busy    Why = "busy"     // asked to come back later, or no slot came free
	Down    Why = "down"     // not reached, or broken
	Slow    Why = "slow"     // no answer in time
	Refused Why = "refused"  // key, account or model are not accepted
	TooLong Why = "too long" // the question does not fit into the model
	Garbled Why = "garbled"  // the answer is no answer: not JSON, an error in disguise, endless
	Cut     Why = "cut off"  // the answer ends before it is whole
	Empty   Why = "empty"    // nothing was said
	Spent   Why = "spent"    // a budget does not allow the question
	Blocked Why = "blocked"  // it must not leave this machine
)

// Failure is a question without an answer.
type Failure struct {
	Endpoint string // which failed; empty: none was asked
	Why      Why
	After    time.Duration // how long the endpoint asked to wait; 0: it did not
	Err      error         // holds no secret
}

// Error says what went wrong where.
func (f *Failure) Error() string {
	if f.Endpoint == "" {
		return fmt.Sprintf("model: %s: %v", f.Why, f.Err)
	}
	return fmt.Sprintf("model %s: %s: %v", f.Endpoint, f.Why, f.Err)
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// RetryAfter makes a Failure a connectors.Delay.
func (f *Failure) RetryAfter() time.Duration { return f.After }

// Elsewhere reports whether another endpoint may answer what this one did not.
func (f *Failure) Elsewhere() bool { return f.Why != Spent && f.Why != Blocked }

// WhyOf returns the reason of the Failure in err's chain; empty: there is none.
func WhyOf(err error) Why {
	var f *Failure
	if errors.As(err, &f) {
		return f.Why
	}
	return ""
}

// Failed makes a Failure that no endpoint is to blame for.
func Failed(why Why, kind errs.Kind, format string, args ...any) *Failure {
	return &Failure{Why: why, Err: errs.New(kind, format, args...)}
}
