package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"triagent/demo"
	"triagent/internal/errs"
	"triagent/store"
	"triagent/telemetry"
)

// replay puts the bundled incidents into the service as if they happened now,
// one after another, so that whoever opens the page sees them come in. Those
// that are there from an earlier start are left alone.
func (s *Service) replay(ctx context.Context) error {
	for _, id := range demo.IDs() {
		if err := s.replayOne(ctx, id); err != nil {
			if ctx.Err() != nil {
				return nil //nolint:nilerr // asked to end
			}
			return fmt.Errorf("replay %s: %w", id, err)
		}
		t := time.NewTimer(700 * time.Millisecond)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		}
	}
	return nil
}

func (s *Service) replayOne(ctx context.Context, id string) error {
	name := "demo-" + id
	if _, err := s.store.BundlePath(name); errs.KindOf(err) == errs.NotFound {
		if _, err := s.keep(ctx, name, func(w io.Writer) error { return demo.Archive(w, id) }); err != nil {
			return err
		}
	}
	path, err := s.store.BundlePath(name)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	b, err := telemetry.Open(ctx, path, telemetry.Limits{})
	if err != nil {
		return err
	}
	in := store.Incident{
		Title: b.Incident.Title, System: b.Incident.System, Severity: store.Major, Source: "demo",
		Labels: map[string]string{"recording": id}, Started: b.Incident.Window.From, Ended: b.Incident.Window.To, Bundle: name, Size: info.Size(),
	}
	if in.Title == "" {
		in.Title = id
	}
	_, _, err = s.store.CreateIncident(ctx, robot, in, "demo "+id, &store.Job{Bundle: name, Priority: int(in.Severity)})
	return err
}
