package api

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"triagent/internal/errs"
	"triagent/store"
)

// versioned is a store of one incident.
type versioned struct {
	Store

	version, asked atomic.Int64
}

func (v *versioned) Version(_ context.Context, id string) (int64, error) {
	if id != "inc-1" {
		return 0, errs.New(errs.NotFound, "there is no incident %s", id)
	}
	return v.version.Load(), nil
}

func (v *versioned) Incident(ctx context.Context, id string) (store.Incident, error) {
	n, err := v.Version(ctx, id)
	if err != nil {
		return store.Incident{}, err
	}
	v.asked.Add(1)
	return store.Incident{ID: id, Version: n}, nil
}

// TestAnswersStayWithTheVersion shows that what is kept of an incident outlives
// changes of others and not its own.
func TestAnswersStayWithTheVersion(t *testing.T) {
	v := &versioned{}
	v.version.Store(1)
	s := newServer(t, Config{Store: v})
	get := func(tag string, asked int64) {
		t.Helper()
		w := request(s, http.MethodGet, "/api/v1/incidents/inc-1")
		if w.Code != http.StatusOK || w.Header().Get("ETag") != tag {
			t.Errorf("status %d, ETag %s, want %s", w.Code, w.Header().Get("ETag"), tag)
		}
		if n := v.asked.Load(); n != asked {
			t.Errorf("asked %d times, want %d", n, asked)
		}
	}
	get(`"1"`, 1)
	get(`"1"`, 1)
	s.cache.changed()
	get(`"1"`, 1)
	v.version.Add(1)
	get(`"2"`, 2)
	if w := request(s, http.MethodGet, "/api/v1/incidents/inc-9"); w.Code != http.StatusNotFound {
		t.Errorf("one that is not there: %d", w.Code)
	}
}

// TestOwnWritesExpireOnce shows that the look for what others wrote leaves alone
// what this process wrote and told of.
func TestOwnWritesExpireOnce(t *testing.T) {
	c := newCache()
	c.changedUpTo(7)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, tt := range []struct{ revision, expired int64 }{{7, 1}, {8, 2}} {
		looked := 0
		read := func(context.Context) (int64, error) { return tt.revision, nil }
		ctx, stop := context.WithCancel(ctx)
		if err := c.follow(ctx, read, func() { looked++; stop() }); err != nil {
			t.Fatal(err)
		}
		if n := c.revision.Load(); n != tt.expired || looked != 1 {
			t.Errorf("revision %d: expired %d times, looked %d times; want %d and 1", tt.revision, n, looked, tt.expired)
		}
	}
}
