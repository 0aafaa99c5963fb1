package telemetry

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"triagent/incident"
	"triagent/internal/errs"
)

// The wire forms of the small parts.
type (
	wireIncident struct {
		Version  int         `json:"version"`
		ID       incident.ID `json:"id"`
		Title    string      `json:"title"`
		System   string      `json:"system"`
		Window   *wireWindow `json:"window,omitempty"`
		Baseline *wireWindow `json:"baseline,omitempty"`
		Alert    *wireAlert  `json:"alert,omitempty"`
		LogZone  string      `json:"log_zone"`
	}
	wireWindow struct {
		From *time.Time `json:"from"`
		To   *time.Time `json:"to"`
	}
	wireAlert struct {
		Time      *time.Time         `json:"time,omitempty"`
		Name      string             `json:"name"`
		Node      incident.NodeID    `json:"node"`
		Peer      incident.NodeID    `json:"peer,omitempty"`
		Source    incident.Kind      `json:"source,omitempty"`
		Direction incident.Direction `json:"direction,omitempty"`
		Labels    map[string]string  `json:"labels,omitempty"`
		At        *time.Time         `json:"at,omitempty"`
	}
	wireNode struct {
		ID      incident.NodeID   `json:"id"`
		Host    string            `json:"host"`
		Service string            `json:"service"`
		Labels  map[string]string `json:"labels,omitempty"`
	}
	wireRole struct {
		Node  incident.NodeID `json:"node"`
		Role  incident.Role   `json:"role"`
		Group string          `json:"group"`
		From  *time.Time      `json:"from,omitempty"`
	}
	wireGroup struct {
		ID        string            `json:"id"`
		Members   []incident.NodeID `json:"members"`
		Consensus string            `json:"consensus"`
	}
	wireCall struct {
		From incident.NodeID `json:"from"`
		To   incident.NodeID `json:"to"`
	}
	wireTopology struct {
		Nodes  []wireNode  `json:"nodes"`
		Roles  []wireRole  `json:"roles"`
		Groups []wireGroup `json:"groups"`
		Calls  []wireCall  `json:"calls"`
	}
	wireChange struct {
		Time time.Time       `json:"time"`
		Node incident.NodeID `json:"node"`
		Kind string          `json:"kind"`
		Text string          `json:"text"`
	}
	wireTruth struct {
		Healthy bool        `json:"healthy"`
		Causes  []wireCause `json:"causes"`
		Split   string      `json:"split"`
	}
	wireCause struct {
		Node    incident.NodeID `json:"node"`
		Service string          `json:"service"`
		Fault   incident.Fault  `json:"fault"`
		Accept  []string        `json:"accept,omitempty"`
		Label   string          `json:"label,omitempty"`
		From    *time.Time      `json:"from,omitempty"`
		To      *time.Time      `json:"to,omitempty"`
	}
)

// encode gives one value as JSON with a line end.
func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err := e.Encode(v)
	return b.Bytes(), err
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func wireOfWindow(w incident.Window) *wireWindow {
	if w.IsZero() {
		return nil
	}
	return &wireWindow{moment(w.From), moment(w.To)}
}

func wireOfAlert(a incident.Alert) *wireAlert {
	return &wireAlert{
		Name: a.Name, Node: a.Node, Peer: a.Peer, Source: a.Source,
		Direction: a.Direction, Labels: a.Labels, Time: moment(a.Time),
	}
}

func encodeIncident(inc incident.Incident, zone *time.Location) ([]byte, error) {
	w := wireIncident{
		Version: 1, ID: inc.ID, Title: inc.Title, System: inc.System,
		Window: wireOfWindow(inc.Window), Baseline: wireOfWindow(inc.Baseline), LogZone: "UTC",
	}
	if zone != nil {
		w.LogZone = zone.String()
	}
	if _, err := parseZone(w.LogZone); err != nil {
		return nil, errs.New(errs.Invalid, "log_zone %q is no time zone that has the same meaning everywhere", w.LogZone)
	}
	if a := inc.Alert; a.Name != "" || a.Node != "" || a.Peer != "" || !a.Time.IsZero() || a.Source != "" || a.Direction != "" || len(a.Labels) > 0 {
		w.Alert = wireOfAlert(a)
		w.Alert.At, w.Alert.Time = w.Alert.Time, nil
	}
	return encode(w, "  ")
}

func encodeTopology(t incident.Topology) ([]byte, error) {
	w := wireTopology{Nodes: []wireNode{}, Roles: []wireRole{}, Groups: []wireGroup{}, Calls: []wireCall{}}
	for _, n := range t.Nodes {
		w.Nodes = append(w.Nodes, wireNode{n.ID, n.Host, n.Service, n.Labels})
	}
	for _, r := range t.Roles {
		w.Roles = append(w.Roles, wireRole{r.Node, r.Role, r.Group, moment(r.From)})
	}
	for _, g := range t.Groups {
		w.Groups = append(w.Groups, wireGroup{g.ID, append([]incident.NodeID{}, g.Members...), g.Consensus})
	}
	for _, c := range t.Calls {
		w.Calls = append(w.Calls, wireCall(c))
	}
	return encode(w, " ")
}

func encodeChanges(list []incident.Change) (out []byte, err error) {
	for _, c := range list {
		b, err := encode(wireChange{c.Time.UTC(), c.Node, c.Kind, c.Text}, "")
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}

func encodeAlerts(list []incident.Alert) (out []byte, err error) {
	for _, a := range list {
		b, err := encode(wireOfAlert(a), "")
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}

func encodeTruth(t *Truth) ([]byte, error) {
	w := wireTruth{Healthy: t.Healthy, Causes: []wireCause{}, Split: t.Split}
	for _, c := range t.Causes {
		w.Causes = append(w.Causes, wireCause{c.Node, c.Service, c.Fault, c.Accept, c.Label, moment(c.Window.From), moment(c.Window.To)})
	}
	return encode(w, "  ")
}

// checkTable refuses what could not be read again.
func checkTable(t *Table) error {
	if err := checkNames(t.Node, namesOf(t)); err != nil {
		return err
	}
	for _, c := range t.Columns {
		if len(c.Values) != len(t.Times) {
			return errs.New(errs.Internal, "metrics of %s: column %s has %d values for %d times", t.Node, c.Name, len(c.Values), len(t.Times))
		}
	}
	return nil
}

// checkNames refuses names of columns that could not be read again.
func checkNames(node incident.NodeID, columns []string) error {
	seen := map[string]bool{"time": true}
	for _, c := range columns {
		if c == "" || seen[c] || strings.ContainsAny(c, "\r\n") || strings.TrimSpace(c) != c {
			return errs.New(errs.Invalid, "metrics of %s: %q is no name for a column, or there are two", node, c)
		}
		seen[c] = true
	}
	return nil
}

func namesOf(t *Table) []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// writeRows writes a table as CSV, row by row. Times are milliseconds where that
// is exact.
func writeRows(w *memberWriter, columns []string, times []int64, row func(i int, cells []float64)) error {
	if len(columns) == 0 && len(times) == 0 {
		return nil
	}
	b := []byte("time")
	for _, name := range columns {
		b = appendField(append(b, ','), name)
	}
	b = append(b, '\n')
	unit, cells := unitOf(times), make([]float64, len(columns))
	for i, at := range times {
		row(i, cells)
		b = appendInstant(b, at, unit)
		for _, v := range cells {
			b = append(b, ',')
			if !math.IsNaN(v) {
				b = strconv.AppendFloat(b, v, 'g', -1, 64)
			}
		}
		b = append(b, '\n')
		if len(b) > 32<<10 {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	_, err := w.Write(b)
	return err
}

// appendField adds a field of CSV.
func appendField(b []byte, s string) []byte {
	if !strings.ContainsAny(s, "\",") {
		return append(b, s...)
	}
	return append(append(append(b, '"'), strings.ReplaceAll(s, `"`, `""`)...), '"')
}

// firstPlain is the first time that is told to be nanoseconds by its size.
const firstPlain = int64(1e17)

// unitOf returns the unit, in nanoseconds, in which all times are whole and
// told apart by size: 1e6, 1, or 0 if only text will do.
func unitOf(times []int64) int64 {
	unit := int64(1e6)
	for _, t := range times {
		if t < firstPlain {
			return 0
		}
		if t%1e6 != 0 {
			unit = 1
		}
	}
	return unit
}

func appendInstant(b []byte, ns, unit int64) []byte {
	if unit == 0 {
		return time.Unix(0, ns).UTC().AppendFormat(b, time.RFC3339Nano)
	}
	return strconv.AppendInt(b, ns/unit, 10)
}
