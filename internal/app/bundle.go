package app

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"triagent/api/intake"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/store"
)

// collected marks bundles that the service made itself: they are made again
// when the incident is diagnosed again, since more is known by then.
const collected = "collected-"

// robot is who the service is in the audit.
var robot = store.Actor{Name: "triagent"}

// bundle gives the path of what a job is about: the bundle that was uploaded, or
// one that is made now of what is known of the incident.
func (s *Service) bundle(ctx context.Context, j store.Job) (string, func(), error) {
	if j.Bundle != "" && !strings.HasPrefix(j.Bundle, collected) {
		path, err := s.store.BundlePath(j.Bundle)
		return path, nil, err
	}
	name, size, err := s.collect(ctx, j)
	if err != nil {
		return "", nil, fmt.Errorf("collect what is known of %s: %w", j.Incident, err)
	}
	_, err = s.store.UpdateIncident(ctx, robot, j.Incident, 0, func(in *store.Incident) error {
		in.Bundle, in.Size, in.System = name, size, s.systems.named(in.System)
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	if j.Bundle != "" && j.Bundle != name {
		if err := s.store.DeleteBundle(ctx, j.Bundle); err != nil {
			s.log.WarnContext(ctx, "an old bundle could not be removed", slog.String("incident", j.Incident), slog.Any("error", err))
		}
	}
	path, err := s.store.BundlePath(name)
	return path, nil, err
}

// collect makes a bundle of what the sources of its system and its alerts tell of
// an incident, and keeps it.
func (s *Service) collect(ctx context.Context, j store.Job) (name string, size int64, err error) {
	in, err := s.store.Incident(ctx, j.Incident)
	if err != nil {
		return "", 0, err
	}
	in.System = s.systems.named(in.System)
	alerts, err := s.alertsOf(ctx, j.Incident)
	if err != nil {
		return "", 0, err
	}
	var nodes []store.TopologyNode
	var edges []store.TopologyEdge
	if in.System != "" || len(in.Nodes) > 0 { // else it would be that of systems that have nothing to do with it
		if nodes, edges, err = s.store.Topology(ctx, in.System); err != nil {
			return "", 0, err
		}
	}
	dir, err := os.MkdirTemp(s.set.Data, "collect-")
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	folder := filepath.Join(dir, "bundle")
	known := intake.NewKnown(in, alerts, intake.TopologyOf(nodes, edges, in.Started))
	if err := s.systems.bundle(ctx, known, folder, dir); err != nil {
		return "", 0, err
	}
	name = fmt.Sprintf("%s%s-%d-%d", collected, j.Incident, j.Attempt, j.Takes) // a worker that died may have left its own
	size, err = s.keep(ctx, name, func(w io.Writer) error { return pack(w, folder) })
	return name, size, err
}

// alertsOf reads the alerts of an incident, as many as a diagnosis can use.
func (s *Service) alertsOf(ctx context.Context, id string) ([]store.Alert, error) {
	const most = 5000
	var all []store.Alert
	for after := ""; ; {
		page, next, err := s.store.Alerts(ctx, store.AlertFilter{Incident: id, After: after, Limit: 500})
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if next == "" || len(all) >= most {
			return all, nil
		}
		after = next
	}
}

// keep puts what write writes into the store as a bundle.
func (s *Service) keep(ctx context.Context, name string, write func(io.Writer) error) (size int64, err error) {
	r, w := io.Pipe()
	var g errgroup.Group
	g.Go(func() error { return w.CloseWithError(write(w)) })
	size, _, err = s.store.PutBundle(ctx, name, r, s.set.Diagnosis.MaxBundle<<20)
	_ = r.CloseWithError(err) // ends the writer where the store gave up
	return size, errors.Join(err, g.Wait())
}

// pack writes a folder as .tar.gz.
func pack(w io.Writer, folder string) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	return errors.Join(t.AddFS(os.DirFS(folder)), t.Close(), z.Close())
}

// diagnose is the engine, measured and traced, with what was learned of the
// system of the incident.
func (s *Service) diagnose(ctx context.Context, j store.Job, path string, l incident.Listener) (incident.Diagnosis, error) {
	sp, count := startSpan(ctx, s.tracer), s.meter.listener()
	d, err := s.engine.diagnose(ctx, path, s.learner.recall(j.Incident), func(e incident.Event) {
		l(e)
		sp.hear(e)
		count(e)
	})
	sp.end(err)
	if err != nil && ctx.Err() == nil {
		s.meter.failed(err)
	}
	return d, within(path, err)
}

// within has an error name the files of a bundle as the bundle does: where the
// service keeps it is nobody's business.
func within(path string, err error) error {
	if err == nil || !strings.Contains(err.Error(), path) {
		return err
	}
	text := strings.NewReplacer(path+"/", "", path+`\`, "", path, "bundle").Replace(err.Error())
	return errs.New(errs.KindOf(err), "%s", text)
}
