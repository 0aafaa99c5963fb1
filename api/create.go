package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"triagent/api/wire"
	"triagent/incident"
	"triagent/store"
)

// archives are the types of bodies that are taken as a bundle; what it really is
// is told by its content.
var archives = []string{
	"application/gzip", "application/x-gzip", "application/zstd", "application/zip", "application/x-tar", "application/octet-stream",
}

// Direct is the part of a request that gives an operation the connection, to
// read the body as it comes.
type Direct struct {
	w http.ResponseWriter
	r *http.Request
}

// Resolve finds the connection.
func (d *Direct) Resolve(ctx huma.Context) []error {
	d.r, d.w = humachi.Unwrap(ctx)
	return nil
}

// body reads the body, at most limit bytes of it, and waits as long as bytes
// keep coming.
func (d *Direct) body(limit int64) io.Reader {
	return &patient{r: http.MaxBytesReader(d.w, d.r.Body, limit), rc: http.NewResponseController(d.w)}
}

// short is body for texts, which come within the time of any body.
func (d *Direct) short(limit int64) io.Reader {
	return &patient{r: http.MaxBytesReader(d.w, d.r.Body, limit), rc: http.NewResponseController(d.w), fixed: true}
}

// read says that the body is read. The deadline must go: when it passes, the
// server takes the caller for gone and ends what is done for them.
func (d *Direct) read() {
	_ = http.NewResponseController(d.w).SetReadDeadline(time.Time{}) // where there is none, none ends it
}

// patient moves the deadline of a connection on while it reads, and takes it
// away at the end.
type patient struct {
	r     io.Reader
	rc    *http.ResponseController
	fixed bool // leave the deadline where it is while reading
	moved time.Time
}

// Read reads on.
func (p *patient) Read(b []byte) (int, error) {
	if now := time.Now(); !p.fixed && now.Sub(p.moved) > 5*time.Second {
		if err := p.rc.SetReadDeadline(now.Add(time.Minute)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return 0, err
		}
		p.moved = now
	}
	n, err := p.r.Read(b)
	switch {
	case errors.Is(err, io.EOF):
		_ = p.rc.SetReadDeadline(time.Time{}) // where there is none, none ends it
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = problem(http.StatusRequestTimeout, "The body did not come in time.")
	}
	return n, err
}

type createIn struct {
	Spoken
	Direct

	Title    string `query:"title" maxLength:"300" doc:"Title of the incident of an archive; else what the bundle says"`
	Severity string `query:"severity" enum:"info,warning,major,critical" doc:"Of the incident of an archive; else warning"`
	Key      string `header:"Idempotency-Key" maxLength:"200" doc:"Repeats with one key and one body open one incident"`
	Type     string `header:"Content-Type" maxLength:"300"`
}

// newIncident is what opens an incident in words.
type newIncident struct {
	Title    string            `json:"title" minLength:"1" maxLength:"300"`
	System   string            `json:"system,omitempty" maxLength:"100"`
	Severity string            `json:"severity,omitempty" enum:"info,warning,major,critical"`
	Nodes    []string          `json:"nodes,omitempty" maxItems:"1000"`
	From     *time.Time        `json:"from,omitempty" doc:"What is to be examined: from"`
	To       *time.Time        `json:"to,omitempty" doc:"to"`
	Labels   map[string]string `json:"labels,omitempty"`
}

func (s *Server) createIncident(ctx context.Context, in *createIn) (*incidentOut, error) {
	if err := s.room(ctx); err != nil {
		return nil, err
	}
	kind, _, err := mime.ParseMediaType(in.Type)
	if err != nil && in.Type != "" {
		return nil, huma.Error415UnsupportedMediaType("Content-Type cannot be read.")
	}
	switch {
	case kind == "application/json":
		return s.createFromWords(ctx, in)
	case kind == "multipart/form-data":
		return s.createFromForm(ctx, in)
	case slices.Contains(archives, kind) || kind == "":
		return s.createFromBundle(ctx, in, in.body(s.c.MaxBundle), "")
	}
	return nil, huma.Error415UnsupportedMediaType("Send JSON, multipart/form-data, or an archive: " + strings.Join(archives, ", ") + ".")
}

// room refuses what the queue would refuse, before the body is read.
func (s *Server) room(ctx context.Context) error {
	queued, _, capacity, err := s.c.Store.QueueState(ctx)
	if err == nil && capacity > 0 && queued >= capacity {
		err = store.ErrFull
	}
	return err
}

func (s *Server) createFromWords(ctx context.Context, in *createIn) (*incidentOut, error) {
	b, err := io.ReadAll(in.short(64 << 10))
	if err != nil {
		return nil, err
	}
	var n newIncident
	if err := strict(b, &n); err != nil {
		return nil, err
	}
	i, err := n.incident(time.Now())
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	return s.open(ctx, in, i, hex.EncodeToString(sum[:]), "asked")
}

// strict decodes a JSON object and nothing else.
func strict(b []byte, v any) error {
	var all map[string]any
	if err := decode(b, &all); err != nil {
		return huma.Error400BadRequest("The body is no JSON object: " + err.Error() + ".")
	}
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return wrongValue("body", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// What may be examined: no time before there were such systems, none that is
// still to come (clocks differ by up to a day), and no more than is kept.
const (
	firstYear = 1971
	maxAhead  = 24 * time.Hour
	maxWindow = 31 * 24 * time.Hour
)

// window is what is to be examined, if that can be.
func (n *newIncident) window(now time.Time) (w incident.Window, err error) {
	for _, end := range []struct {
		name string
		at   *time.Time
		to   *time.Time
	}{{"from", n.From, &w.From}, {"to", n.To, &w.To}} {
		switch {
		case end.at == nil:
			continue
		case end.at.Year() < firstYear:
			return w, wrongValue("body."+end.name, fmt.Sprintf("%s is not before %d", end.name, firstYear))
		case end.at.After(now.Add(maxAhead)):
			return w, wrongValue("body."+end.name, end.name+" is at most a day ahead")
		}
		*end.to = end.at.UTC()
	}
	switch {
	case n.From == nil || n.To == nil:
		return w, nil
	case !n.From.Before(*n.To):
		return w, wrongValue("body.to", "to is later than from")
	case n.To.Sub(*n.From) > maxWindow:
		return w, wrongValue("body.to", "to is at most 31 days after from")
	}
	return w, nil
}

func (n *newIncident) incident(now time.Time) (store.Incident, error) {
	title := oneLine(n.Title)
	if title == "" || len(n.Title) > 300 {
		return store.Incident{}, wrongValue("body.title", "a title has 1 to 300 bytes and is not blank")
	}
	if len(n.System) > 100 || len(n.Nodes) > 1000 {
		return store.Incident{}, wrongValue("body", "system has up to 100 bytes, nodes up to 1000 entries")
	}
	for _, node := range n.Nodes {
		if node == "" || len(node) > 300 {
			return store.Incident{}, wrongValue("body.nodes", "the name of a node has 1 to 300 bytes")
		}
	}
	if err := checkLabels(n.Labels); err != nil {
		return store.Incident{}, err
	}
	sev, ok := wire.ParseSeverity(or(n.Severity, "warning"))
	if !ok {
		return store.Incident{}, wrongValue("body.severity", "use info, warning, major or critical")
	}
	i := store.Incident{
		Title: title, System: n.System, Severity: sev, Source: "api", Labels: n.Labels,
		Nodes: slices.Compact(slices.Sorted(slices.Values(n.Nodes))),
	}
	w, err := n.window(now)
	if err != nil {
		return i, err
	}
	i.Requested, i.Started, i.Ended = w, w.From, w.To
	return i, nil
}

// open stores the incident with its job.
func (s *Server) open(ctx context.Context, in *createIn, i store.Incident, sum, reason string) (*incidentOut, error) {
	idem, by := "", s.actor(ctx)
	if in.Key != "" {
		idem = by.User + " " + in.Key + "#" + sum // keys of different people are different
	}
	job := &store.Job{Priority: int(i.Severity), Bundle: i.Bundle, Reason: reason}
	got, _, err := s.c.Store.CreateIncident(ctx, by, i, idem, job)
	if err != nil {
		return nil, err
	}
	s.queued()
	out := s.incidentOut(got, in.Spoken)
	out.Location, out.bundle = "/api/v1/incidents/"+got.ID, got.Bundle
	return out, nil
}
