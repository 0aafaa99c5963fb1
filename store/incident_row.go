package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"triagent/incident"
	"triagent/internal/errs"
)

// incidentColumns are the columns that scanIncident reads, in its order.
const incidentColumns = `number, version, title, system, severity, status, progress, source, open_key, labels, nodes,
	started, ended, opened, updated, resolved, alerts, firing, folded, bundle, size, attempt, assignee, is_case, headline,
	requested_from, requested_to`

const (
	insertIncident = `INSERT INTO incidents (version, title, system, severity, status, progress, source, open_key, labels, nodes,
	started, ended, opened, updated, resolved, alerts, firing, folded, bundle, size, attempt, assignee, is_case, headline,
	requested_from, requested_to, verdict, fault, search, truth)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)
ON CONFLICT (open_key) WHERE status = 'open' AND open_key <> '' DO NOTHING RETURNING number`
	saveIncident = `UPDATE incidents SET version = $1, title = $2, system = $3, severity = $4, status = $5, progress = $6, source = $7,
	open_key = $8, labels = $9, nodes = $10, started = $11, ended = $12, opened = $13, updated = $14, resolved = $15, alerts = $16,
	firing = $17, folded = $18, bundle = $19, size = $20, attempt = $21, assignee = $22, is_case = $23, headline = $24,
	requested_from = $25, requested_to = $26, verdict = $27, fault = $28, search = $29
WHERE number = $30`
	// lockIncident reads an incident and keeps others from changing it until the
	// end of the transaction, on both databases.
	lockIncident  = `UPDATE incidents SET version = version + 1 WHERE number = $1 RETURNING ` + incidentColumns
	readIncident  = `SELECT ` + incidentColumns + ` FROM incidents WHERE number = $1`
	addNode       = `INSERT INTO incident_nodes (node, incident) VALUES ($1, $2) ON CONFLICT (node, incident) DO NOTHING`
	dropNodes     = `DELETE FROM incident_nodes WHERE incident = $1`
	maxNodes      = 1000 // nodes that an incident names
	maxTitleBytes = 500
)

// headlineRow is a Headline as stored JSON; times in nanoseconds.
type headlineRow struct {
	Verdict     incident.Verdict `json:"verdict,omitempty"`
	Confidence  float64          `json:"confidence,omitempty"`
	Node        incident.NodeID  `json:"node,omitempty"`
	Service     string           `json:"service,omitempty"`
	Role        incident.Role    `json:"role,omitempty"`
	Fault       incident.Fault   `json:"fault,omitempty"`
	Probability float64          `json:"probability,omitempty"`
	Onset       int64            `json:"onset,omitempty"`
	Summary     incident.Text    `json:"summary"`
	WallMS      int64            `json:"wall_ms,omitempty"`
	Engine      string           `json:"engine,omitempty"`
	Error       string           `json:"error,omitempty"`
}

func (h Headline) row() headlineRow {
	return headlineRow{
		h.Verdict, h.Confidence, h.Node, h.Service, h.Role, h.Fault, h.Probability, nanos(h.Onset),
		h.Summary, h.WallMS, h.Engine, h.Error,
	}
}

func (r headlineRow) headline() Headline {
	return Headline{
		r.Verdict, r.Confidence, r.Node, r.Service, r.Role, r.Fault, r.Probability, moment(r.Onset),
		r.Summary, r.WallMS, r.Engine, r.Error,
	}
}

func scanIncident(row scanner) (in Incident, err error) {
	var labels, nodes, headline string
	var severity, isCase, started, ended, opened, updated, resolved, from, to int64
	err = row.Scan(&in.Number, &in.Version, &in.Title, &in.System, &severity, &in.Status, &in.Progress, &in.Source,
		&in.Key, &labels, &nodes, &started, &ended, &opened, &updated, &resolved, &in.Alerts, &in.Firing, &in.Folded,
		&in.Bundle, &in.Size, &in.Attempt, &in.Assignee, &isCase, &headline, &from, &to)
	if err != nil {
		return in, err
	}
	in.ID, in.Severity, in.Case = incidentID(in.Number), Severity(severity), isCase == 1
	in.Started, in.Ended, in.Opened = moment(started), moment(ended), moment(opened)
	in.Updated, in.Resolved = moment(updated), moment(resolved)
	in.Requested = incident.Window{From: moment(from), To: moment(to)}
	if in.Labels, err = parsed[map[string]string](labels); err != nil {
		return in, fmt.Errorf("labels of %s: %w", in.ID, err)
	}
	if in.Nodes, err = parsed[[]string](nodes); err != nil {
		return in, fmt.Errorf("nodes of %s: %w", in.ID, err)
	}
	var h headlineRow
	if err := json.Unmarshal([]byte(headline), &h); err != nil {
		return in, fmt.Errorf("headline of %s: %w", in.ID, err)
	}
	in.Headline = h.headline()
	return in, nil
}

// values are those of insertIncident and saveIncident, up to the search text.
func (in *Incident) values() ([]any, error) {
	headline, err := json.Marshal(in.Headline.row())
	if err != nil {
		return nil, errs.New(errs.Invalid, "the headline of %s cannot be kept: %v", in.ID, err)
	}
	return []any{
		in.Version, clip(in.Title, maxTitleBytes), in.System, int64(in.Severity), string(in.Status), string(in.Progress), in.Source,
		in.Key, text(in.Labels), text(in.Nodes), nanos(in.Started), nanos(in.Ended), nanos(in.Opened),
		nanos(in.Updated), nanos(in.Resolved), in.Alerts, in.Firing, in.Folded, in.Bundle, in.Size, in.Attempt,
		in.Assignee, flag(in.Case), string(headline), nanos(in.Requested.From), nanos(in.Requested.To),
		string(in.Headline.Verdict), string(in.Headline.Fault), in.search(),
	}, nil
}

// search is what a search looks at.
func (in *Incident) search() string {
	h := in.Headline
	parts := []string{in.Title, in.System, string(h.Node), h.Service, string(h.Fault), strings.ReplaceAll(string(h.Fault), "_", " ")}
	for _, a := range h.Summary.Args {
		parts = append(parts, a.Value)
	}
	parts = append(parts, in.Nodes...)
	return searchText(append(parts, values(in.Labels)...)...)
}

// tidy fills what may be left out and puts nodes in order.
func (in *Incident) tidy() {
	if in.Severity == 0 {
		in.Severity = Warning
	}
	if in.Status == "" {
		in.Status = Open
	}
	if in.Progress == "" {
		in.Progress = Waiting
	}
	slices.Sort(in.Nodes)
	in.Nodes = slices.Compact(in.Nodes)
	in.Nodes = in.Nodes[:min(len(in.Nodes), maxNodes)]
}

// insert adds an incident. Its number is 0 if an open one has the same key.
func (t *txn) insert(ctx context.Context, in *Incident) error {
	in.tidy()
	in.Version = 1
	if in.Opened.IsZero() {
		in.Opened = t.at
	}
	if in.Started.IsZero() {
		in.Started = in.Opened
	}
	in.Updated = in.Opened
	args, err := in.values()
	if err != nil {
		return err
	}
	numbers, err := all(scanInt)(t.query(ctx, insertIncident, append(args, []byte{})...))
	if err != nil || len(numbers) == 0 {
		in.Number = 0
		return err
	}
	in.Number = numbers[0]
	in.ID = incidentID(in.Number)
	t.changed("incident", in.ID)
	return t.setNodes(ctx, in, nil)
}

// lock reads an incident that the transaction will change. Its Version is the
// one that it will have.
func (t *txn) lock(ctx context.Context, number int64) (Incident, error) {
	in, err := scanIncident(t.row(ctx, lockIncident, number))
	if isNone(err) {
		return in, missing("incident", incidentID(number))
	}
	return in, err
}

// save writes an incident that lock gave; before are the nodes it had.
func (t *txn) save(ctx context.Context, in *Incident, before []string) error {
	in.tidy()
	in.Updated = t.at
	args, err := in.values()
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, saveIncident, append(args, in.Number)...); err != nil {
		return err
	}
	t.changed("incident", in.ID)
	return t.setNodes(ctx, in, before)
}

// setNodes keeps the index of nodes: those of the incident and its cause.
func (t *txn) setNodes(ctx context.Context, in *Incident, before []string) error {
	for _, n := range in.Nodes {
		if _, known := slices.BinarySearch(before, n); known {
			continue
		}
		if _, err := t.exec(ctx, addNode, n, in.Number); err != nil {
			return err
		}
	}
	if n := string(in.Headline.Node); n != "" {
		if _, err := t.exec(ctx, addNode, n, in.Number); err != nil {
			return err
		}
	}
	return nil
}
