package api

import (
	"context"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"triagent/api/wire"
	"triagent/incident"
	"triagent/store"
)

// Bounds of what may be asked for.
const (
	maxList  = 500    // items of a page
	maxCount = 10_000 // matches that are counted
)

type listIn struct {
	Spoken

	Status   string    `query:"status" maxLength:"100" doc:"open, resolved; several with commas"`
	Progress string    `query:"progress" maxLength:"100" doc:"waiting, queued, running, done, failed; several with commas"`
	Severity string    `query:"severity" maxLength:"100" doc:"info, warning, major, critical; several with commas"`
	Verdict  string    `query:"verdict" maxLength:"100" doc:"confirmed, likely, inconclusive, healthy; several with commas"`
	System   string    `query:"system" maxLength:"200"`
	Node     string    `query:"node" maxLength:"300"`
	Fault    string    `query:"fault" maxLength:"100"`
	Source   string    `query:"source" maxLength:"100"`
	Assignee string    `query:"assignee" maxLength:"100"`
	Text     string    `query:"q" maxLength:"200" doc:"Words that title, nodes, fault, summary or labels contain"`
	From     time.Time `query:"from" doc:"Started at this time or later"`
	To       time.Time `query:"to" doc:"Started before this time"`
	Case     bool      `query:"case" doc:"Only those that are kept as cases for evaluation"`
	Sort     string    `query:"sort" enum:"opened,-opened,updated,-updated,severity,-severity,started,-started,number,-number" default:"-opened"`
	Cursor   string    `query:"cursor" maxLength:"500" doc:"next of the page before"`
	Limit    int       `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Count    bool      `query:"count" doc:"Count the matches"`
}

type incidentList struct {
	Items []wire.Incident `json:"items"`
	Next  *string         `json:"next" nullable:"true" doc:"Cursor of the next page; null on the last"`
	Total *int            `json:"total,omitempty" doc:"Matches, as far as they were counted"`
	More  bool            `json:"more,omitempty" doc:"There are more than total"`
}

type incidentListOut struct{ Body incidentList }

func (s *Server) listIncidents(ctx context.Context, in *listIn) (*incidentListOut, error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	p, err := s.c.Store.Incidents(ctx, f)
	if err != nil {
		return nil, err
	}
	w := s.words(in.Spoken)
	out := &incidentListOut{Body: incidentList{
		Items: wire.Each(p.Items, func(i store.Incident) wire.Incident { return wire.IncidentOf(i, w) }),
		Next:  wire.OrNull(p.Next),
	}}
	if in.Count && p.Total >= 0 {
		out.Body.Total, out.Body.More = &p.Total, p.More
	}
	return out, nil
}

func (in *listIn) filter() (store.Filter, error) {
	f := store.Filter{
		System: in.System, Node: in.Node, Fault: in.Fault, Source: in.Source, Assignee: in.Assignee, Text: in.Text,
		From: in.From.UTC(), To: in.To.UTC(), Case: in.Case, Sort: in.Sort, After: in.Cursor, Limit: in.Limit,
	}
	if in.Count {
		f.CountUpTo = maxCount
	}
	var err error
	if f.Status, err = several(in.Status, "status", store.Open, store.Resolved); err != nil {
		return f, err
	}
	if f.Progress, err = several(in.Progress, "progress", store.Waiting, store.Queued, store.Running, store.Done, store.Failed); err != nil {
		return f, err
	}
	if f.Verdict, err = several(in.Verdict, "verdict", incident.Confirmed, incident.Likely, incident.Inconclusive, incident.Healthy); err != nil {
		return f, err
	}
	for name := range strings.SplitSeq(in.Severity, ",") {
		if name == "" {
			continue
		}
		v, ok := wire.ParseSeverity(name)
		if !ok {
			return f, wrongValue("query.severity", "use info, warning, major or critical, with commas between them")
		}
		f.Severity = append(f.Severity, v)
	}
	return f, nil
}

// several reads values with commas between them, each of a closed list.
func several[T ~string](list, name string, allowed ...T) ([]T, error) {
	var out []T
next:
	for v := range strings.SplitSeq(list, ",") {
		if v == "" {
			continue
		}
		for _, a := range allowed {
			if string(a) == v {
				out = append(out, a)
				continue next
			}
		}
		names := wire.Each(allowed, func(a T) string { return string(a) })
		return nil, wrongValue("query."+name, "use "+strings.Join(names, ", ")+", with commas between them")
	}
	return out, nil
}

// wrongValue says that a part of a request does not hold what it must.
func wrongValue(location, message string) error {
	return huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: location, Message: message})
}
