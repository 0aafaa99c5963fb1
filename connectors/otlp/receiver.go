package otlp

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/connectors/otlp/ring"
	"triagent/internal/errs"
)

// Receiver takes in traces, metrics and logs. It is safe for concurrent use.
type Receiver struct {
	c          Config
	log        *slog.Logger
	now        func() time.Time
	ring       *ring.Ring
	tls        *tls.Config
	grpc, http net.Listener // nil: not wanted

	bodies   *bodies
	reading  time.Duration // for one body
	inside   atomic.Int64
	refused  [3]atomic.Int64 // items, by ring.Kind
	busy     atomic.Int64
	denied   atomic.Int64
	unfit    atomic.Int64
	requests atomic.Int64
	told     atomic.Int64 // when a fault of ours was logged; Unix nanoseconds
	removed  atomic.Int64 // of ring.Removed, so many were logged
}

// Stats say what a Receiver took in and what it refused since it was made.
type Stats struct {
	Ring     ring.Stats
	Requests int64       // all, those refused included
	Refused  ring.Counts // items that were unfit, of batches that were taken
	Busy     int64       // requests told to come again
	Denied   int64       // requests without the token
	Unfit    int64       // requests not understood or too large
}

// NewReceiver opens the ring and listens; Run serves. A receiver that is never
// run must be closed.
func NewReceiver(c Config, log *slog.Logger) (*Receiver, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.filled()
	t, err := c.TLS.config()
	if err != nil {
		return nil, err
	}
	r := &Receiver{c: c, log: log, now: time.Now, tls: t, bodies: newBodies(&c), reading: reading}
	if r.ring, err = ring.Open(c.Dir, ring.Bounds{Segment: c.Segment, Total: c.Total, Age: c.Age}, nil); err != nil {
		return nil, err
	}
	for _, x := range []struct {
		at string
		to *net.Listener
	}{{c.GRPC, &r.grpc}, {c.HTTP, &r.http}} {
		if x.at == none {
			continue
		}
		l, err := net.Listen("tcp", x.at)
		if err != nil {
			err = &errs.Error{Op: "otlp: listen on " + x.at, Kind: errs.Unavailable, Err: err, Remedy: "choose another address, or end what listens there"}
			return nil, errors.Join(err, r.Close())
		}
		*x.to = bounded(l)
	}
	return r, nil
}

// GRPCAddr is where gRPC is spoken; nil: nowhere.
func (r *Receiver) GRPCAddr() net.Addr { return addr(r.grpc) }

// HTTPAddr is where HTTP is spoken; nil: nowhere.
func (r *Receiver) HTTPAddr() net.Addr { return addr(r.http) }

func addr(l net.Listener) net.Addr {
	if l == nil {
		return nil
	}
	return l.Addr()
}

// Stats says what came and what is kept.
func (r *Receiver) Stats() (Stats, error) {
	s := Stats{Requests: r.requests.Load(), Busy: r.busy.Load(), Denied: r.denied.Load(), Unfit: r.unfit.Load()}
	for k := range r.refused {
		s.Refused[k] = r.refused[k].Load()
	}
	var err error
	s.Ring, err = r.ring.Stats()
	return s, err
}

// Close ends listening and the ring. Run does it too.
func (r *Receiver) Close() error {
	for _, l := range []net.Listener{r.grpc, r.http} {
		if l != nil {
			_ = l.Close() // it may be closed by its server
		}
	}
	return r.ring.Close()
}

// patience is how long requests that are under way may take once it ends.
const patience = 5 * time.Second

// Run receives until ctx ends; requests under way are then answered. It returns
// nil if ctx ended it, and the reason otherwise.
func (r *Receiver) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, x := range []struct {
		on     net.Listener
		speaks string
		serve  func() *http.Server
	}{{r.http, "http/1.1", r.httpServer}, {r.grpc, "h2", r.grpcServer}} {
		if x.on == nil {
			continue
		}
		s := x.serve()
		g.Go(func() error {
			if err := s.Serve(r.withTLS(x.on, x.speaks)); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		g.Go(func() error { return stop(ctx, s) })
	}
	g.Go(func() error { return r.prune(ctx) })
	return errors.Join(g.Wait(), r.Close())
}

func stop(ctx context.Context, s *http.Server) error {
	<-ctx.Done()
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if s.Shutdown(late) != nil {
		return s.Close()
	}
	return nil
}

// prune drops what has become too old while nothing comes in.
func (r *Receiver) prune(ctx context.Context) error {
	tick := time.NewTicker(max(r.c.Age/32, time.Second))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := r.ring.Prune(); err != nil {
				r.log.WarnContext(ctx, "the ring of received telemetry cannot be pruned", slog.Any("error", err))
			}
			r.tellRemoved(ctx)
		}
	}
}

func (r *Receiver) withTLS(l net.Listener, speaks string) net.Listener {
	if r.tls == nil {
		return l
	}
	t := r.tls.Clone()
	t.NextProtos = []string{speaks}
	return tls.NewListener(l, t)
}

// enter lets a request in, or says why not; leave must follow if it is nil.
func (r *Receiver) enter() error {
	if r.inside.Add(1) > int64(r.c.AtOnce) {
		r.inside.Add(-1)
		return errBusy
	}
	return nil
}

func (r *Receiver) leave() { r.inside.Add(-1) }

// allowed checks the Authorization of a request.
func (r *Receiver) allowed(header string) error {
	if r.c.Token == "" {
		return nil
	}
	kind, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(kind, "Bearer") || subtle.ConstantTimeCompare([]byte(token), []byte(r.c.Token)) != 1 {
		r.denied.Add(1)
		return errNotYou
	}
	return nil
}

// tell logs that something could not be kept, once a minute at most: a full disk
// refuses every request.
func (r *Receiver) tell(ctx context.Context, err error) {
	now, last := r.now().UnixNano(), r.told.Load()
	if now-last > int64(time.Minute) && r.told.CompareAndSwap(last, now) {
		r.log.ErrorContext(ctx, "received telemetry cannot be kept", slog.Any("error", err))
	}
}

// tellRemoved logs that somebody removed what was kept, once each time.
func (r *Receiver) tellRemoved(ctx context.Context) {
	if n := r.ring.Removed(); r.removed.Swap(n) < n {
		r.log.ErrorContext(ctx, "received telemetry was removed by somebody else: it is lost; what comes now is kept in a new folder", slog.String("dir", r.c.Dir))
	}
}

func (r *Receiver) count(k ring.Kind, v verdict) { r.refused[k].Add(v.refused) }
