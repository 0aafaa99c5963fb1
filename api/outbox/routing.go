package outbox

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"

	"triagent/api/wire"
	"triagent/connectors/email"
	"triagent/internal/errs"
	"triagent/store"
)

// routingSetting names the document of rules in the store.
const routingSetting = "routing"

// accountChannel stands for the mail of the person that a notice is for.
const accountChannel = "account"

// Routing is the document of rules: who is told what, and when not.
type Routing struct {
	Routes []Route `json:"routes" nullable:"false" maxItems:"100" doc:"Tried in order; the first that fits decides, unless it says continue. None at all: everything goes to every channel"`
	Quiet  []Quiet `json:"quiet" nullable:"false" maxItems:"50" doc:"When messages below a severity wait until the quiet hours end"`
}

// Route says which notices go to which channels.
type Route struct {
	Name     string   `json:"name" maxLength:"100"`
	Match    Match    `json:"match"`
	Channels []string `json:"channels" nullable:"false" maxItems:"50" doc:"IDs; none: what fits is told to nobody"`
	Continue bool     `json:"continue" required:"false" doc:"Try the routes after this one too"`
}

// Match says what a route fits. What is empty fits everything.
type Match struct {
	SeverityAtLeast string            `json:"severity_at_least,omitempty" enum:",info,warning,major,critical"`
	Labels          map[string]string `json:"labels,omitempty" doc:"Labels that the incident must have, with these values"`
	Systems         []string          `json:"systems,omitempty" maxItems:"100"`
	Kinds           []string          `json:"kinds,omitempty" maxItems:"10" enum:"opened,diagnosed,updated,resolved,failed"`
}

// kinds are those of notices about incidents.
var kinds = []string{"opened", "diagnosed", "updated", "resolved", "failed"}

// validate says what is wrong with a document, of kind errs.Invalid. Channels
// are those that there are.
func (r Routing) validate(channels []store.Channel) error {
	for i, route := range r.Routes {
		where := func(format string, args ...any) error {
			return errs.New(errs.Invalid, "routes[%d] (%s): "+format, append([]any{i, route.Name}, args...)...)
		}
		if s := route.Match.SeverityAtLeast; s != "" {
			if _, ok := wire.ParseSeverity(s); !ok {
				return where("%q is no severity", s)
			}
		}
		for _, k := range route.Match.Kinds {
			if !slices.Contains(kinds, k) {
				return where("%q is none of opened, diagnosed, updated, resolved, failed", k)
			}
		}
		for _, id := range route.Channels {
			if !slices.ContainsFunc(channels, func(c store.Channel) bool { return c.ID == id }) {
				return where("there is no channel %q", id)
			}
		}
	}
	for i, q := range r.Quiet {
		if err := q.validate(); err != nil {
			return errs.New(errs.Invalid, "quiet[%d] (%s): %v", i, q.Name, err)
		}
	}
	return nil
}

// rules returns the document of rules with its version; 0: there is none.
func (o *Outbox) rules(ctx context.Context) (Routing, int64, error) {
	empty := Routing{Routes: []Route{}, Quiet: []Quiet{}}
	s, err := o.ledger.Setting(ctx, routingSetting)
	if errs.KindOf(err) == errs.NotFound {
		return empty, 0, nil
	}
	if err != nil {
		return empty, 0, err
	}
	r := empty
	if err := json.Unmarshal(s.Value, &r); err != nil {
		return empty, s.Version, errs.New(errs.Internal, "the stored rules cannot be read: %v", err)
	}
	return r, s.Version, nil
}

// route decides for each notice where it goes, and records it.
func (o *Outbox) route(ctx context.Context, notices []store.Notice) error {
	rules, _, err := o.rules(ctx)
	if err != nil {
		return err
	}
	channels, err := o.ledger.Channels(ctx)
	if err != nil {
		return err
	}
	for _, n := range notices {
		to, err := o.plan(ctx, rules, channels, n)
		if err != nil {
			return err
		}
		if err := o.ledger.Route(ctx, n.ID, to); err != nil {
			return err
		}
	}
	return nil
}

// plan returns the deliveries of a notice; none: it is told to nobody.
func (o *Outbox) plan(ctx context.Context, rules Routing, channels []store.Channel, n store.Notice) ([]store.Delivery, error) {
	if n.Kind == "account" {
		if o.c.SMTP.Set() && email.CheckAddresses([]string{n.Detail["email"]}) == nil {
			return []store.Delivery{{Channel: accountChannel}}, nil
		}
		o.c.Log.InfoContext(ctx, "no mail for the owner of an account", slog.String("user", n.Detail["name"]), slog.String("event", n.Detail["event"]))
		return nil, nil
	}
	if n.Incident == "" || !slices.Contains(kinds, n.Kind) {
		return nil, nil
	}
	inc, err := o.ledger.Incident(ctx, n.Incident)
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	chosen := rules.channels(inc, n.Kind, channels)
	until, why := rules.quiet(inc.Severity, o.c.Now())
	var to []store.Delivery
	for _, ch := range channels {
		switch {
		case !ch.Enabled:
			if chosen[ch.ID] {
				to = append(to, store.Delivery{Channel: ch.ID, State: "muted", Error: "the channel is switched off"})
			}
		case ch.Kind == "loki":
			to = append(to, store.Delivery{Channel: ch.ID})
		case chosen[ch.ID] && !until.IsZero():
			to = append(to, store.Delivery{Channel: ch.ID, NextTry: until, Error: why})
		case chosen[ch.ID]:
			if err := o.muteDelayed(ctx, n, ch.ID); err != nil {
				return nil, err
			}
			to = append(to, store.Delivery{Channel: ch.ID})
		}
	}
	return to, nil
}

// channels returns the IDs that an incident's notice goes to.
func (r Routing) channels(inc store.Incident, kind string, all []store.Channel) map[string]bool {
	out := map[string]bool{}
	if len(r.Routes) == 0 {
		for _, c := range all {
			out[c.ID] = true
		}
		return out
	}
	for _, route := range r.Routes {
		if !route.Match.fits(inc, kind) {
			continue
		}
		for _, id := range route.Channels {
			out[id] = true
		}
		if !route.Continue {
			break
		}
	}
	return out
}

func (m Match) fits(inc store.Incident, kind string) bool {
	if least, ok := wire.ParseSeverity(m.SeverityAtLeast); ok && inc.Severity < least {
		return false
	}
	if len(m.Kinds) > 0 && !slices.Contains(m.Kinds, kind) || len(m.Systems) > 0 && !slices.Contains(m.Systems, inc.System) {
		return false
	}
	for k := range maps.Keys(m.Labels) {
		if v, ok := inc.Labels[k]; !ok || v != m.Labels[k] {
			return false
		}
	}
	return true
}

// muteDelayed mutes what waits for the end of quiet hours about the incident of
// a notice that goes out now: it would keep this one back.
func (o *Outbox) muteDelayed(ctx context.Context, n store.Notice, channel string) error {
	waiting, _, err := o.ledger.Deliveries(ctx, store.DeliveryFilter{Incident: n.Incident, Channel: channel, State: "pending", Limit: batch})
	if err != nil {
		return err
	}
	for _, d := range waiting {
		if d.Tries == 0 && isQuiet(d.Error) && d.NextTry.After(o.c.Now()) {
			if err := o.ledger.Mute(ctx, d.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
