package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"triagent/api/wire"
	"triagent/store"
	"triagent/telemetry"
)

// createFromForm takes a form with the file "bundle" and fields in any order.
func (s *Server) createFromForm(ctx context.Context, in *createIn) (*incidentOut, error) {
	in.r.Body = io.NopCloser(in.body(s.c.MaxBundle))
	parts, err := in.r.MultipartReader()
	if err != nil {
		return nil, huma.Error400BadRequest("The form cannot be read: " + err.Error() + ".")
	}
	var kept *bundle
	drop := func() { s.drop(ctx, kept) }
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			drop()
			return nil, formError(err)
		}
		if p.FormName() == "bundle" && kept == nil {
			if kept, err = s.keep(ctx, p, p.FileName()); err != nil {
				return nil, err
			}
			continue
		}
		if err := in.field(p.FormName(), p); err != nil {
			drop()
			return nil, err
		}
	}
	if kept == nil {
		return nil, wrongValue("body.bundle", "the form has no file of this name")
	}
	return s.openBundle(ctx, in, kept)
}

func formError(err error) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) || errors.Is(err, context.Canceled) {
		return err
	}
	return huma.Error400BadRequest("The form ends before its end.")
}

// field takes a field of the form.
func (in *createIn) field(name string, r io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(r, 1001))
	if err != nil {
		return formError(err)
	}
	v := strings.ToValidUTF8(strings.ReplaceAll(string(b), "\x00", ""), "")
	switch name {
	case "title":
		if len(v) > 300 {
			return wrongValue("body.title", "a title has up to 300 bytes")
		}
		in.Title = v
	case "severity":
		if _, ok := wire.ParseSeverity(v); !ok {
			return wrongValue("body.severity", "use info, warning, major or critical")
		}
		in.Severity = v
	default:
		return wrongValue("body", "the form has the file bundle and the fields title and severity, and no other")
	}
	return nil
}

// bundle is an archive that was stored and may become an incident.
type bundle struct {
	name, label, sum string
	size             int64
}

// keep stores an archive.
func (s *Server) keep(ctx context.Context, r io.Reader, label string) (*bundle, error) {
	b := &bundle{name: store.BundleName(""), label: label}
	var err error
	b.size, b.sum, err = s.c.Store.PutBundle(ctx, b.name, r, s.c.MaxBundle)
	if err != nil {
		return nil, err
	}
	if b.size == 0 {
		s.drop(ctx, b)
		return nil, huma.Error400BadRequest("The body is empty: send JSON or an archive.")
	}
	return b, nil
}

// drop deletes an archive that does not become an incident.
func (s *Server) drop(ctx context.Context, b *bundle) {
	if b == nil {
		return
	}
	if err := s.c.Store.DeleteBundle(context.WithoutCancel(ctx), b.name); err != nil {
		s.c.Log.WarnContext(ctx, "a bundle that nobody needs could not be deleted", slog.String("bundle", b.name), slog.Any("error", err))
	}
}

func (s *Server) createFromBundle(ctx context.Context, in *createIn, r io.Reader, label string) (*incidentOut, error) {
	b, err := s.keep(ctx, r, label)
	if err != nil {
		return nil, err
	}
	return s.openBundle(ctx, in, b)
}

// openBundle opens the incident of a stored archive, if it is a bundle.
func (s *Server) openBundle(ctx context.Context, in *createIn, b *bundle) (*incidentOut, error) {
	i, err := s.examine(ctx, in, b)
	if err != nil {
		s.drop(ctx, b)
		return nil, err
	}
	out, err := s.open(ctx, in, i, b.sum, "upload")
	if err != nil {
		s.drop(ctx, b)
		return nil, err
	}
	if out.bundle != b.name {
		s.drop(ctx, b) // sent before: the incident has the same archive already
	}
	return out, nil
}

// examine reads what a bundle says of itself.
func (s *Server) examine(ctx context.Context, in *createIn, b *bundle) (store.Incident, error) {
	path, err := s.c.Store.BundlePath(b.name)
	if err != nil {
		return store.Incident{}, err
	}
	t, err := s.bundles.Read(ctx, path, or(b.label, "bundle"))
	if err != nil {
		return store.Incident{}, err
	}
	sev, _ := wire.ParseSeverity(or(in.Severity, "warning"))
	w := t.Incident.Window
	i := store.Incident{
		Title:  or(oneLine(in.Title), or(oneLine(t.Incident.Title), or(string(t.Incident.ID), "Uploaded bundle"))),
		System: t.Incident.System, Severity: sev, Source: "upload", Nodes: nodesOf(t), Started: w.From, Ended: w.To,
		Bundle: b.name, Size: b.size,
	}
	if a := t.Incident.Alert.Time; !a.IsZero() {
		i.Started = a
	}
	return i, nil
}

// nodesOf are the nodes that the alert of a bundle names; a diagnosis adds its own.
func nodesOf(t *telemetry.Bundle) []string {
	if n := t.Incident.Alert.Node; n != "" {
		return []string{string(n)}
	}
	return nil
}
