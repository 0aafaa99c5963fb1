package store

import (
	"context"
	"slices"
	"time"

	"triagent/internal/errs"
)

const (
	findAlert   = `SELECT id, incident, ends FROM alerts WHERE source = $1 AND fingerprint = $2 AND starts = $3`
	insertAlert = `INSERT INTO alerts (incident, source, fingerprint, name, severity, node, peer, system, labels, annotations,
	url, starts, ends, received, last, count, search)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 1, $16)
ON CONFLICT (source, fingerprint, starts) DO NOTHING RETURNING id`
	repeatAlert = `UPDATE alerts SET count = count + 1, last = CASE WHEN last < $1 THEN $1 ELSE last END, ends = $2, severity = $3, annotations = $4 WHERE id = $5 AND ends = $6`
	saveCounts  = `UPDATE incidents SET updated = $1, alerts = $2, firing = $3, folded = $4, ended = $5 WHERE number = $6`
	// lockAlerts lets one taker in at a time. Alerts of one call may belong to
	// any incidents, in any order: takers side by side would wait for each other.
	lockAlerts = `UPDATE counters SET value = value + 1 WHERE name = 'alerts'`
)

// maxPlaced bounds the alerts of one call.
const maxPlaced = 10000

// TakeAlerts takes alerts in, all or none. An alert that is known by (source,
// fingerprint, starts) is counted in the incident it belongs to, whatever
// Incident and Open say; a new one joins Incident, or what Open opens. Then
// firing, severity and nodes of each incident are brought up to date, and one
// of which no alert fires any more is resolved. An incident that is opened gets
// a job, which is never refused.
//
// Zero Received and Last are now, zero Starts is Received. Arrivals are in the
// order of placed.
func (s *Store) TakeAlerts(ctx context.Context, placed []Placed) ([]Arrival, error) {
	if len(placed) == 0 {
		return nil, nil
	}
	if len(placed) > maxPlaced {
		return nil, errs.New(errs.Exhausted, "%d alerts at once are more than %d", len(placed), maxPlaced)
	}
	var out []Arrival
	err := s.update(ctx, "take alerts in", func(ctx context.Context, t *txn) error {
		if s.dialect == PostgreSQL { // on SQLite writers are one after the other anyway
			if _, err := t.exec(ctx, lockAlerts); err != nil {
				return err
			}
		}
		k := intake{s: s, t: t, held: map[int64]*heldIncident{}}
		out = make([]Arrival, len(placed))
		for i, p := range placed {
			var err error
			if out[i], err = k.take(ctx, p); err != nil {
				return err
			}
		}
		return k.settle(ctx)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// intake is the taking in of some alerts.
type intake struct {
	s     *Store
	t     *txn
	held  map[int64]*heldIncident
	order []int64
}

// heldIncident is an incident that the transaction changes.
type heldIncident struct {
	Incident
	before []string // nodes it had
	was    Incident // as it was; its Nodes are before
	opened bool     // in this transaction
	ended  bool     // some alert ceased to fire
}

// hold locks an incident once.
func (k *intake) hold(ctx context.Context, number int64) (*heldIncident, error) {
	if h := k.held[number]; h != nil {
		return h, nil
	}
	in, err := k.t.lock(ctx, number)
	if err != nil {
		return nil, err
	}
	return k.keep(in), nil
}

func (k *intake) keep(in Incident) *heldIncident {
	h := &heldIncident{Incident: in, before: slices.Clone(in.Nodes), was: in}
	k.held[in.Number] = h
	k.order = append(k.order, in.Number)
	return h
}

func (k *intake) take(ctx context.Context, p Placed) (Arrival, error) {
	a := p.Alert.filled(k.t.at)
	var id, number, ends int64
	err := k.t.row(ctx, findAlert, a.Source, a.Fingerprint, nanos(a.Starts)).Scan(&id, &number, &ends)
	switch {
	case err == nil:
		return k.repeat(ctx, a, id, number, ends)
	case !isNone(err):
		return Arrival{}, err
	}
	h, opened, err := k.place(ctx, p, a)
	if err != nil {
		return Arrival{}, err
	}
	ids, err := all(scanInt)(k.t.query(ctx, insertAlert, h.Number, a.Source, a.Fingerprint, a.Name, int64(a.Severity), a.Node, a.Peer,
		a.System, text(a.Labels), text(a.Annotations), a.URL, nanos(a.Starts), nanos(a.Ends), nanos(a.Received), nanos(a.Last), a.search()))
	if err != nil {
		return Arrival{}, err
	}
	if len(ids) == 0 {
		return Arrival{}, errRace
	}
	h.join(a)
	return Arrival{Incident: h.ID, Alert: ids[0], Opened: opened, New: true, Changed: true}, nil
}

// repeat counts an alert that is known.
func (k *intake) repeat(ctx context.Context, a Alert, id, number, ends int64) (Arrival, error) {
	h, err := k.hold(ctx, number)
	if err != nil {
		return Arrival{}, err
	}
	n, err := k.t.exec(ctx, repeatAlert, nanos(a.Last), nanos(a.Ends), int64(a.Severity), text(a.Annotations), id, ends)
	if err != nil || n == 0 {
		return Arrival{}, orRace(err)
	}
	h.Folded++
	was, is := ends == 0, a.Ends.IsZero()
	switch {
	case was && !is:
		h.Firing--
		h.ended = true
		h.Ended = later(h.Ended, a.Ends)
	case !was && is:
		h.Firing++
	}
	h.Severity = max(h.Severity, a.Severity)
	return Arrival{Incident: h.ID, Alert: id, Changed: was != is}, nil
}

// place finds or opens the incident of a new alert.
func (k *intake) place(ctx context.Context, p Placed, a Alert) (*heldIncident, bool, error) {
	if p.Incident != "" {
		number, err := numberOf(p.Incident)
		if err != nil {
			return nil, false, err
		}
		h, err := k.hold(ctx, number)
		if err != nil || h.Status == Open || p.Open == nil {
			return h, false, err
		}
	}
	if p.Open == nil {
		return nil, false, errs.New(errs.Invalid, "the alert %q has no incident and opens none", clip(a.Name, 100))
	}
	return k.open(ctx, p, a)
}

// open joins the open incident of the key of p.Open, or opens that.
func (k *intake) open(ctx context.Context, p Placed, a Alert) (*heldIncident, bool, error) {
	if p.Open.Key != "" {
		var number int64
		err := k.t.row(ctx, openWithKey, p.Open.Key).Scan(&number)
		if err == nil {
			h, err := k.hold(ctx, number)
			if err == nil && h.Status != Open {
				err = errRace // resolved since it was found
			}
			return h, false, err
		}
		if !isNone(err) {
			return nil, false, err
		}
	}
	in := p.opening(a)
	if err := k.t.insert(ctx, &in); err != nil {
		return nil, false, err
	}
	if in.Number == 0 {
		return nil, false, errRace // opened since it was looked for
	}
	if err := k.s.enqueueNew(ctx, k.t, &in, Job{Reason: "alerts", NotBefore: p.NotBefore}); err != nil {
		return nil, false, err
	}
	if err := k.t.notify(ctx, Notice{Incident: in.ID, Kind: "opened"}); err != nil {
		return nil, false, err
	}
	in.Version++
	h := k.keep(in)
	h.opened = true
	return h, true, nil
}

// opening is the incident that p opens for an alert.
func (p Placed) opening(a Alert) Incident {
	in := *p.Open
	in.Status, in.Resolved, in.Opened = Open, time.Time{}, time.Time{}
	in.Alerts, in.Firing, in.Folded, in.Attempt = 0, 0, 0, 0
	if in.Started.IsZero() {
		in.Started = a.Starts
	}
	if in.Severity == 0 {
		in.Severity = a.Severity
	}
	in.Nodes = slices.Clone(in.Nodes)
	return in
}

// join adds a new alert to what the incident says.
func (h *heldIncident) join(a Alert) {
	h.Alerts++
	if a.Ends.IsZero() {
		h.Firing++
	} else {
		h.ended = true
		h.Ended = later(h.Ended, a.Ends)
	}
	h.Severity = max(h.Severity, a.Severity)
	if h.Started.IsZero() || a.Starts.Before(h.Started) {
		h.Started = a.Starts
	}
	if i, known := slices.BinarySearch(h.Nodes, a.Node); !known && a.Node != "" && len(h.Nodes) < maxNodes {
		h.Nodes = slices.Insert(h.Nodes, i, a.Node)
	}
}

// settle resolves what no longer fires and writes all incidents.
func (k *intake) settle(ctx context.Context) error {
	for _, n := range k.order {
		h := k.held[n]
		switch {
		case h.Status == Open && h.ended && h.Firing == 0:
			h.Status = Resolved
			if err := k.t.turn(ctx, &h.Incident); err != nil {
				return err
			}
		case h.Severity > h.was.Severity:
			detail := map[string]string{"severity": severityWord(h.Severity), "was": severityWord(h.was.Severity)}
			if err := k.t.notify(ctx, Notice{Incident: h.ID, Kind: "updated", Detail: detail}); err != nil {
				return err
			}
		}
		if h.Firing > 0 {
			h.Ended = time.Time{}
		}
		if err := k.save(ctx, h); err != nil {
			return err
		}
	}
	return nil
}

// save writes an incident. Most alerts change nothing that an index holds but
// the time: then the other indexes are spared.
func (k *intake) save(ctx context.Context, h *heldIncident) error {
	if h.opened || h.Status != h.was.Status || h.Severity != h.was.Severity || !h.Started.Equal(h.was.Started) || len(h.Nodes) != len(h.before) {
		return k.t.save(ctx, &h.Incident, h.before)
	}
	k.t.changed("incident", h.ID)
	_, err := k.t.exec(ctx, saveCounts, nanos(k.t.at), h.Alerts, h.Firing, h.Folded, nanos(h.Ended), h.Number)
	return err
}

// filled is the alert with what may be left out.
func (a Alert) filled(now time.Time) Alert {
	if a.Received.IsZero() {
		a.Received = now
	}
	if a.Last.Before(a.Received) {
		a.Last = a.Received
	}
	if a.Starts.IsZero() {
		a.Starts = a.Received
	}
	if a.Severity == 0 {
		a.Severity = Warning
	}
	return a
}

// maxAlertSearch bounds the text of an alert that search looks at.
const maxAlertSearch = 1024

func (a Alert) search() string {
	parts := append([]string{a.Name, a.Node, a.Peer, a.System}, values(a.Labels)...)
	return clip(searchText(append(parts, values(a.Annotations)...)...), maxAlertSearch)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
