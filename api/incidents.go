package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"triagent/api/wire"
	"triagent/internal/errs"
	"triagent/store"
)

// Named is the part of a request that names an incident.
type Named struct {
	ID string `path:"id" pattern:"^[A-Za-z0-9._-]{1,64}$" doc:"As inc-42"`
}

type incidentIn struct {
	Named
	Spoken
}

type incidentOut struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     wire.Incident

	bundle string // of the incident, in the store
}

func (s *Server) incidentOut(i store.Incident, in Spoken) *incidentOut {
	return &incidentOut{ETag: etag(i.Version), Body: wire.IncidentOf(i, s.words(in))}
}

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// Matched is the part of a request that says which version it changes.
type Matched struct {
	IfMatch string `header:"If-Match" maxLength:"100" doc:"ETag of what is changed; * for whatever is there"`
}

// version reads the version that may be changed; 0: any.
func (m Matched) version() (int64, error) {
	switch v := strings.TrimSpace(m.IfMatch); v {
	case "":
		return 0, huma.NewError(http.StatusPreconditionRequired, "Say with If-Match which version is to be changed: it is the ETag of the last answer.")
	case "*":
		return 0, nil
	default:
		n, err := strconv.ParseInt(strings.Trim(strings.TrimPrefix(v, "W/"), `"`), 10, 64)
		if err != nil || n <= 0 {
			return 0, huma.NewError(http.StatusPreconditionFailed, "If-Match is no ETag of this service. Load it again and repeat the change.")
		}
		return n, nil
	}
}

func (s *Server) getIncident(ctx context.Context, in *incidentIn) (*incidentOut, error) {
	i, err := s.c.Store.Incident(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.incidentOut(i, in.Spoken), nil
}

type updateIn struct {
	Named
	Spoken
	Matched

	Body struct {
		Title    *string            `json:"title,omitempty" minLength:"1" maxLength:"300"`
		Severity *string            `json:"severity,omitempty" enum:"info,warning,major,critical"`
		Status   *string            `json:"status,omitempty" enum:"open,resolved"`
		Assignee *string            `json:"assignee,omitempty" maxLength:"100" doc:"User ID; empty: nobody"`
		Labels   *map[string]string `json:"labels,omitempty" doc:"Replaces all labels"`
	}
}

func (s *Server) updateIncident(ctx context.Context, in *updateIn) (*incidentOut, error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	if in.Body.Title != nil && oneLine(*in.Body.Title) == "" {
		return nil, wrongValue("body.title", "a title holds more than blanks")
	}
	if in.Body.Labels != nil {
		if err := checkLabels(*in.Body.Labels); err != nil {
			return nil, err
		}
	}
	i, err := s.c.Store.UpdateIncident(ctx, s.actor(ctx), in.ID, version, in.apply)
	if err != nil {
		return nil, err
	}
	return s.incidentOut(i, in.Spoken), nil
}

func (in *updateIn) apply(i *store.Incident) error {
	b := in.Body
	if b.Title != nil {
		i.Title = oneLine(*b.Title)
	}
	if b.Severity != nil {
		i.Severity, _ = wire.ParseSeverity(*b.Severity)
	}
	if b.Assignee != nil {
		i.Assignee = *b.Assignee
	}
	if b.Labels != nil {
		i.Labels = *b.Labels
	}
	if b.Status == nil || store.Status(*b.Status) == i.Status {
		return nil
	}
	i.Status = store.Status(*b.Status)
	i.Resolved = time.Time{}
	if i.Status == store.Resolved {
		i.Resolved = time.Now().UTC()
	}
	return nil
}

// Bounds of labels.
const (
	maxLabels = 64
	maxLabel  = 256
)

func checkLabels(l map[string]string) error {
	if len(l) > maxLabels {
		return wrongValue("body.labels", "give no more than "+strconv.Itoa(maxLabels)+" labels")
	}
	for k, v := range l {
		if k == "" || len(k) > maxLabel || len(v) > maxLabel {
			return wrongValue("body.labels", "names and values of labels have up to "+strconv.Itoa(maxLabel)+" bytes, and names are not empty")
		}
	}
	return nil
}

// oneLine makes text from outside fit for a title: one line of what can be seen.
func oneLine(s string) string {
	seen := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(seen), " ")
}

func (s *Server) actor(ctx context.Context) store.Actor { return s.c.Principal(ctx).Actor }

func (s *Server) diagnoseIncident(ctx context.Context, in *incidentIn) (*incidentOut, error) {
	i, err := s.c.Store.Incident(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if _, err = s.c.Store.Enqueue(ctx, s.actor(ctx), i.ID, "asked", time.Time{}); err != nil {
		return nil, err
	}
	s.queued()
	if i, err = s.c.Store.Incident(ctx, in.ID); err != nil {
		return nil, err
	}
	out := s.incidentOut(i, in.Spoken)
	out.Location = "/api/v1/incidents/" + i.ID
	return out, nil
}

func (s *Server) queued() {
	if s.c.Queued != nil {
		s.c.Queued()
	}
}

type attemptsOut struct {
	Body struct {
		Items []wire.Attempt `json:"items"`
	}
}

func (s *Server) listAttempts(ctx context.Context, in *Named) (*attemptsOut, error) {
	if _, err := s.c.Store.Incident(ctx, in.ID); err != nil {
		return nil, err
	}
	list, err := s.c.Store.Attempts(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &attemptsOut{}
	out.Body.Items = wire.Each(list, wire.AttemptOf)
	return out, nil
}

// noBundle says that an incident has no raw data.
func noBundle(id string) error {
	return &errs.Error{
		Kind: errs.NotFound, Err: errs.New(errs.NotFound, "incident %s has no recorded data", id),
		Remedy: "it was opened by alerts or by words alone; upload a bundle to look at its data",
	}
}
