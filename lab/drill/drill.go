package drill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"triagent/incident"
	"triagent/report"
)

// Outcome is what came of a fault.
type Outcome struct {
	Incident  string
	Opened    time.Duration // after the fault until the incident was there
	Diagnosed time.Duration // after the fault until its diagnosis was
	Diagnosis incident.Diagnosis
	Began     time.Duration // what is told as its beginning, after the fault; negative: before it
	Report    string        // file of the diagnosis in words, Markdown
}

// String is the outcome in four lines.
func (o *Outcome) String() string {
	named := "nothing is named"
	if len(o.Diagnosis.Causes) > 0 {
		c := o.Diagnosis.Causes[0]
		named = fmt.Sprintf("%s: %s of %s (%.0f %%)", o.Diagnosis.Verdict, c.Fault, c.Node, 100*o.Diagnosis.Confidence)
	}
	return fmt.Sprintf("incident %s open after %.1f s\ndiagnosed after %.1f s: %s\ntold to have begun %+.1f s from the fault\nthe report is %s",
		o.Incident, o.Opened.Seconds(), o.Diagnosed.Seconds(), named, o.Began.Seconds(), o.Report)
}

// listed is an incident as the API lists it.
type listed struct {
	ID       string
	Progress string
}

// Strike does a fault and waits, for so long, until an incident that was not
// there before is diagnosed. The fault returns when it has begun.
func (s *Service) Strike(ctx context.Context, within time.Duration, fault func(context.Context) error) (*Outcome, error) {
	old, err := s.incidents(ctx)
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool)
	for _, i := range old {
		known[i.ID] = true
	}
	if err := fault(ctx); err != nil {
		return nil, err
	}
	at := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("no incident was diagnosed within %v; the program's log is %s", within, s.Log()))
	defer cancel()
	out := &Outcome{}
	for {
		now, err := s.incidents(ctx)
		if err != nil {
			return nil, err
		}
		for _, i := range now {
			if known[i.ID] {
				continue
			}
			if out.Incident == "" {
				out.Incident, out.Opened = i.ID, time.Since(at)
			}
			switch {
			case i.ID != out.Incident:
			case i.Progress == "failed":
				return out, errors.New("the diagnosis failed; the program's log is " + s.Log())
			case i.Progress == "done":
				out.Diagnosed = time.Since(at)
				return out, s.diagnosis(ctx, out, at)
			}
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return out, err
		}
	}
}

func (s *Service) incidents(ctx context.Context) ([]listed, error) {
	var list struct{ Items []listed }
	return list.Items, s.call(ctx, "GET", "/incidents?limit=100", "", nil, &list)
}

func (s *Service) diagnosis(ctx context.Context, o *Outcome, at time.Time) error {
	var text json.RawMessage
	err := s.call(ctx, "GET", "/incidents/"+url.PathEscape(o.Incident)+"/diagnosis", "", nil, &text)
	if err != nil {
		return err
	}
	if o.Diagnosis, err = report.Decode(text); err != nil {
		return err
	}
	if len(o.Diagnosis.Causes) > 0 {
		o.Began = o.Diagnosis.Causes[0].Onset.Sub(at)
	}
	var words bytes.Buffer
	if err := report.Markdown(&words, o.Diagnosis, report.Options{}); err != nil {
		return err
	}
	o.Report = s.Report()
	return os.WriteFile(o.Report, words.Bytes(), 0o600)
}

// Names returns an error unless the node and the fault are named first, in time.
func (o *Outcome) Names(node string, fault incident.Fault, within time.Duration) error {
	switch c := o.Diagnosis.Causes; {
	case len(c) == 0 || string(c[0].Node) != node || c[0].Fault != fault:
		return fmt.Errorf("%s of %s is not named first", fault, node)
	case o.Diagnosed > within:
		return fmt.Errorf("it took %.1f s, more than %v", o.Diagnosed.Seconds(), within)
	}
	return nil
}
