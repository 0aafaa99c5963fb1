package telemetry

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // log_zone works on machines without a zone database

	"triagent/incident"
)

// decodeIncident reads incident.json into b.
func decodeIncident(b *Bundle, data []byte, file string) error {
	var c cursor
	c.reset(trimBOM(data), file, 1)
	b.LogZone = time.UTC
	inc := &b.Incident
	for c.open('{', "incident.json"); c.more('}'); {
		switch string(c.key()) {
		case "version":
			c.version()
		case "id":
			inc.ID = incident.ID(c.str("id"))
		case "title":
			inc.Title = string(c.str("title"))
		case "system":
			inc.System = string(c.str("system"))
		case "window":
			inc.Window = c.window("window")
		case "baseline":
			inc.Baseline = c.window("baseline")
		case "alert":
			inc.Alert = c.alert("alert", file)
		case "log_zone":
			b.LogZone = c.zone()
		default:
			c.skip()
		}
	}
	return c.end()
}

func trimBOM(data []byte) []byte {
	return []byte(strings.TrimPrefix(string(data), "\xef\xbb\xbf"))
}

func (c *cursor) version() {
	from := c.mark()
	if v := c.integer("version"); c.err == nil && v != 1 && v != 0 {
		c.fail(from, "this is a bundle of version %d and this program reads version 1: use a newer program", v)
	}
}

// mark returns the offset of the next value.
func (c *cursor) mark() int {
	c.ws()
	return c.pos
}

func (c *cursor) window(what string) (w incident.Window) {
	from := c.mark()
	if c.null() {
		return w
	}
	for c.open('{', what); c.more('}'); {
		switch string(c.key()) {
		case "from":
			w.From = c.instantUTC(what + ".from")
		case "to":
			w.To = c.instantUTC(what + ".to")
		default:
			c.skip()
		}
	}
	switch {
	case w.IsZero():
	case w.From.IsZero() || w.To.IsZero():
		c.fail(from, "%s must have both from and to", what)
	case !w.From.Before(w.To):
		c.fail(from, "%s ends before it begins", what)
	}
	return w
}

// alert reads an alert of incident.json ("at") or alerts.jsonl ("time").
func (c *cursor) alert(what, file string) (a incident.Alert) {
	if c.null() {
		return a
	}
	for c.open('{', what); c.more('}'); {
		switch key := string(c.key()); key {
		case "time", "at":
			a.Time = c.instantUTC(key)
		case "node":
			a.Node = incident.NodeID(c.str(key))
		case "peer":
			a.Peer = incident.NodeID(c.str(key))
		case "name":
			a.Name = string(c.str(key))
		case "source":
			a.Source = incident.Kind(c.oneOf(key, "metric", "log", "trace"))
		case "direction":
			a.Direction = incident.Direction(c.oneOf(key, "up", "down", "new", "gone"))
		case "labels":
			a.Labels = c.labels(key)
		default:
			c.skip()
		}
	}
	a.File = file
	return a
}

// oneOf reads one of the given words; null and "" are allowed too.
func (c *cursor) oneOf(what string, words ...string) string {
	from := c.mark()
	got := string(c.str(what))
	for _, w := range words {
		if got == w {
			return w
		}
	}
	if got != "" {
		c.fail(from, "%s %q is none of %s", what, got, strings.Join(words, ", "))
	}
	return ""
}

// labels reads an object of scalars as strings; null values are left out. An
// empty object gives nil.
func (c *cursor) labels(what string) map[string]string {
	if c.null() {
		return nil
	}
	var m map[string]string
	for c.open('{', what); c.more('}'); {
		key := string(c.key())
		if c.null() {
			continue
		}
		if v := c.text(); c.err == nil {
			if m == nil {
				m = make(map[string]string)
			}
			m[key] = string(v)
		}
	}
	return m
}

func (c *cursor) zone() *time.Location {
	from := c.mark()
	name := string(c.str("log_zone"))
	zone, err := parseZone(name)
	if err != nil {
		c.fail(from, "log_zone %q is no time zone: use a name as Asia/Shanghai or an offset as +08:00", name)
		return time.UTC
	}
	return zone
}

// parseZone reads a zone by its IANA name or as ±hh:mm. "" means UTC; "Local"
// is refused, it would mean another zone on another machine.
func parseZone(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, fmt.Errorf("zone %q depends on the machine", name)
	}
	if t, err := time.Parse("-07:00", name); err == nil {
		_, offset := t.Zone()
		return time.FixedZone(name, offset), nil
	}
	return time.LoadLocation(name)
}

// ids reads an array of node IDs.
func (c *cursor) ids(what string) (ids []incident.NodeID) {
	if c.null() {
		return nil
	}
	for c.open('[', what); c.more(']'); {
		ids = append(ids, incident.NodeID(c.str(what)))
	}
	return ids
}
