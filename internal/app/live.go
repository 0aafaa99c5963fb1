package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"time"

	"triagent/internal/errs"
	"triagent/store"
)

// liveSettings are those that people change on the page while the service runs;
// they are read again every few seconds, since another process may have changed
// them.
type liveSettings struct {
	store *store.Store
	base  Settings

	mu   sync.Mutex
	now  pageSettings
	read time.Time
}

// pageSettings is the document "service" of the store, as far as the service
// itself goes by it; zero fields leave the file's settings in force.
type pageSettings struct {
	PublicURL   string  `json:"public_url"`
	GroupWindow float64 `json:"group_window_s"`
	Settle      float64 `json:"settle_s"`
	Retention   int     `json:"retention_days"` // of incidents that are resolved; 0: for ever
}

// get returns the settings, at most five seconds old. Where they cannot be read
// the last ones stay in force.
func (l *liveSettings) get(ctx context.Context) pageSettings {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.read) < 5*time.Second {
		return l.now
	}
	v, err := l.store.Setting(ctx, "service")
	var p pageSettings
	if err == nil {
		err = json.Unmarshal(v.Value, &p)
	}
	if err == nil || errs.KindOf(err) == errs.NotFound {
		l.now, l.read = p, time.Now()
	}
	return l.now
}

// publicURL is how people reach the page, without a slash at the end; where
// nobody has said so, it is where the service answers.
func (l *liveSettings) publicURL(ctx context.Context) string {
	if u := l.get(ctx).PublicURL; u != "" {
		return strings.TrimRight(u, "/")
	}
	return l.base.publicURL()
}

// follow hands on the settings that other parts have to be told.
func (s *Service) follow(ctx context.Context) error {
	t := time.NewTicker(5 * time.Second)
	defer t.Stop()
	for {
		p := s.live.get(ctx)
		s.intake.SetTiming(or(p.GroupWindow, s.set.Hooks.Window), or(p.Settle, s.set.Hooks.Settle))
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// forget deletes incidents that were resolved longer ago than the settings let
// them be kept, now and then.
func (s *Service) forget(ctx context.Context) error {
	t := time.NewTicker(10 * time.Minute)
	defer t.Stop()
	for {
		if days := s.live.get(ctx).Retention; days > 0 {
			n, err := s.store.Expire(ctx, robot, time.Now().AddDate(0, 0, -days), 1000)
			switch {
			case err != nil && ctx.Err() == nil:
				s.log.WarnContext(ctx, "old incidents could not be deleted", slog.Any("error", err))
			case n > 0:
				s.log.InfoContext(ctx, "old incidents were deleted", slog.Int("count", n), slog.Int("older_than_days", days))
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

func or(seconds float64, otherwise time.Duration) time.Duration {
	if seconds > 0 {
		return time.Duration(seconds * float64(time.Second))
	}
	return otherwise
}
