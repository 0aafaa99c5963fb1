// Package outbox tells people. Notices that the store writes in the
// transaction of what happened are routed to channels by rules, worded in the
// language of each channel, and sent: at least once, in order for each incident
// on each channel, with retries for a day.
//
// A notice is routed once: to the channels of the rules that fit, or to nobody.
// Without any rule everything goes to every channel. Channels of Loki are an
// archive: they get every notice about incidents and the audit, whatever the
// rules say. Words to the owner of an account go by mail to that person alone.
//
// In quiet hours messages below a severity are put off until the quiet hours
// end. What happens meanwhile about the same incident at that severity or above
// goes out at once, and what was put off about it is muted, since the later
// message tells how things stand.
//
// A message tells how things stand when it is sent. An "updated" notice that
// another one follows already is muted.
//
// Tries are spaced exponentially from ten seconds to half an hour; refused
// credentials are tried every five minutes at most, as somebody may mend them; a
// channel that says when to come back is left alone until then. After 24 hours
// a delivery has failed, which the page shows with a button to try again.
// Several processes may run an outbox on one store. A process that dies between
// sending and noting so sends again: receivers drop repeats by the message's ID
// where they can.
package outbox

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
	_ "time/tzdata" // quiet hours name zones, which small images do not bring

	"golang.org/x/sync/errgroup"

	"triagent/connectors/email"
	"triagent/connectors/outgoing"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/report"
	"triagent/store"
)

// Ledger is what the outbox needs of the store.
type Ledger interface {
	NextNotices(ctx context.Context, n int) ([]store.Notice, error)
	Route(ctx context.Context, notice int64, to []store.Delivery) error
	TakeDeliveries(ctx context.Context, n int, lease time.Duration) ([]store.Delivery, error)
	Delivered(ctx context.Context, id int64, receipt string) error
	DeliveryFailed(ctx context.Context, id int64, why string, next time.Time) error
	Mute(ctx context.Context, id int64) error
	Deliveries(ctx context.Context, f store.DeliveryFilter) ([]store.Delivery, string, error)
	Receipt(ctx context.Context, incident, channel string) (string, error)
	RetryDelivery(ctx context.Context, by store.Actor, id int64) error

	Channels(ctx context.Context) ([]store.Channel, error)
	Channel(ctx context.Context, id string) (store.Channel, error)
	CreateChannel(ctx context.Context, by store.Actor, c store.Channel) (store.Channel, error)
	UpdateChannel(ctx context.Context, by store.Actor, c store.Channel) (store.Channel, error)
	DeleteChannel(ctx context.Context, by store.Actor, id string, version int64) error

	Setting(ctx context.Context, name string) (store.Setting, error)
	PutSetting(ctx context.Context, by store.Actor, s store.Setting) (store.Setting, error)
	Incident(ctx context.Context, id string) (store.Incident, error)
	Alerts(ctx context.Context, f store.AlertFilter) ([]store.Alert, string, error)
	Diagnosis(ctx context.Context, id string, attempt int) (incident.Diagnosis, error)
	Audit(ctx context.Context, f store.AuditFilter) ([]store.Entry, string, error)
}

// Sealer keeps secrets: seal.Sealer.
type Sealer interface {
	Seal(field, plain string) (string, error)
	Open(field, text string) (string, error)
}

// Config says how to tell people.
type Config struct {
	SMTP      email.Server                     // how mail leaves; zero: it does not, and channels of kind email are refused
	PublicURL func(ctx context.Context) string // where people find the page, without a slash at the end; nil or "": messages have no link
	Lang      report.Lang                      // of messages where a channel says nothing; empty: English
	Words     report.Words                     // wording beside that of package report, as of the knowledge base; may be nil
	Guard     outgoing.Guard                   // which addresses may be connected to; zero: all but link-local and metadata
	SlackAPI  string                           // empty: that of Slack; ends in a slash

	Actor func(ctx context.Context) store.Actor // who asks, for the audit; nil: the service
	Log   *slog.Logger                          // nil: slog.Default
	Sent  func(kind, outcome string)            // is told of every try: kind of channel, "sent", "retry", "failed"; may be nil
	Now   func() time.Time                      // nil: time.Now

	Poll   time.Duration // how often to look for work that nothing woke us for; 0: 2 s
	Lease  time.Duration // how long a delivery is kept from others; 0: 2 min
	GiveUp time.Duration // after how long a delivery has failed; 0: 24 h
	Retry  time.Duration // before the second try; 0: 10 s
}

// Outbox routes and sends. It is safe for concurrent use.
type Outbox struct {
	c      Config
	ledger Ledger
	sealer Sealer
	client *http.Client
	words  map[report.Lang]report.Options
	wake   chan struct{}

	mu      sync.Mutex
	senders map[string]made // by channel
}

// New returns an outbox. It does nothing before Run.
func New(c Config, l Ledger, s Sealer) (*Outbox, error) {
	if c.SMTP.Set() {
		if err := c.SMTP.Validate(); err != nil {
			return nil, err
		}
	}
	if c.Lang == "" {
		c.Lang = report.English
	}
	if c.Lang != report.English && c.Lang != report.Chinese {
		return nil, errs.New(errs.Invalid, "the language of messages is en or zh, and not %q", c.Lang)
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Actor == nil {
		c.Actor = func(context.Context) store.Actor { return store.Actor{Name: "triagent"} }
	}
	if c.Sent == nil {
		c.Sent = func(string, string) {}
	}
	if c.PublicURL == nil {
		c.PublicURL = func(context.Context) string { return "" }
	}
	c.Poll = orTime(c.Poll, 2*time.Second)
	c.Lease = orTime(c.Lease, 2*time.Minute)
	c.GiveUp = orTime(c.GiveUp, 24*time.Hour)
	c.Retry = orTime(c.Retry, 10*time.Second)
	return &Outbox{
		c: c, ledger: l, sealer: s, client: c.Guard.Client(0), wake: make(chan struct{}, 1), senders: map[string]made{},
		words: map[report.Lang]report.Options{
			report.English: {Lang: report.English, Words: c.Words},
			report.Chinese: {Lang: report.Chinese, Words: c.Words},
		},
	}, nil
}

func orTime(d, byDefault time.Duration) time.Duration {
	if d <= 0 {
		return byDefault
	}
	return d
}

// Wake makes a running outbox look for work at once. It never blocks.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Run routes and sends until ctx ends, and returns nil then, once all that it
// started has ended. What it had taken and not sent it hands back. A store that
// cannot answer for a while is asked again.
func (o *Outbox) Run(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	lanes := newLanes(o, work)
	work.Go(func() error { return o.loop(ctx, lanes) })
	work.Go(func() error { return o.archive(ctx) })
	defer lanes.handBack(context.WithoutCancel(ctx))
	return work.Wait()
}

// loop routes what is new and takes what is due, whenever it is woken and at
// every poll.
func (o *Outbox) loop(ctx context.Context, l *lanes) error {
	tick := time.NewTicker(o.c.Poll)
	defer tick.Stop()
	for {
		more, err := o.turn(ctx, l)
		if err != nil && ctx.Err() == nil {
			o.c.Log.WarnContext(ctx, "outbox cannot work now", slog.Any("error", err))
		}
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-o.wake:
		case <-tick.C:
		}
	}
}

// batch is how many notices and deliveries are taken at a time.
const batch = 100

// turn does what there is to do now; more says that there may be more.
func (o *Outbox) turn(ctx context.Context, l *lanes) (more bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	notices, err := o.ledger.NextNotices(ctx, batch)
	if err != nil {
		return false, err
	}
	if len(notices) > 0 {
		if err := o.route(ctx, notices); err != nil {
			return false, err
		}
	}
	room := l.room()
	if room == 0 {
		return false, nil
	}
	due, err := o.ledger.TakeDeliveries(ctx, min(batch, room), o.c.Lease)
	if err != nil {
		return false, err
	}
	l.add(ctx, due)
	return len(notices) == batch || len(due) == min(batch, room), nil
}
