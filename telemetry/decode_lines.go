package telemetry

import (
	"bytes"
	"io"

	"triagent/incident"
	"triagent/internal/errs"
)

// eachJSON calls fn at every line of a JSONL stream with a cursor at its start;
// blank lines are left out. Memory is bounded by the longest line.
func eachJSON(r io.Reader, file string, lim Limits, fn func(c *cursor) error) error {
	return eachLine(newLines(r, lim.Row), file, fn)
}

// eachLine is eachJSON for what l gives.
func eachLine(l *lines, file string, fn func(c *cursor) error) error {
	var c cursor
	for {
		line, ok := l.next()
		if !ok {
			return l.broken(file)
		}
		if l.number == 1 && isUTF16(line) {
			return errUTF16(file)
		}
		l.cut = max(l.cut, len(line)-l.max)
		if err := l.wide(file); err != nil {
			return err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		c.reset(line, file, l.number)
		if err := fn(&c); err != nil {
			return err
		}
	}
}

func errUTF16(file string) error {
	e := errs.At(file, 1, 1, "the file is UTF-16")
	e.Remedy = "save it as UTF-8"
	return e
}

// decodeChanges reads events.jsonl. member is the name that Change.File gets.
func decodeChanges(r io.Reader, file, member string, lim Limits) (list []incident.Change, err error) {
	err = eachJSON(r, file, lim, func(c *cursor) error {
		ch := incident.Change{File: member, Line: c.line}
		for c.open('{', "event"); c.more('}'); {
			switch key := string(c.key()); key {
			case "time":
				ch.Time = c.instantUTC(key)
			case "node":
				ch.Node = incident.NodeID(c.str(key))
			case "kind":
				ch.Kind = string(c.str(key))
			case "text":
				ch.Text = string(c.str(key))
			default:
				c.skip()
			}
		}
		if ch.Time.IsZero() {
			c.fail(0, "an event needs a time")
		}
		list = append(list, ch)
		return c.end()
	})
	return list, err
}

// decodeAlerts reads alerts.jsonl. member is the name that Alert.File gets.
func decodeAlerts(r io.Reader, file, member string, lim Limits) (list []incident.Alert, err error) {
	err = eachJSON(r, file, lim, func(c *cursor) error {
		from := c.mark()
		a := c.alert("alert", member)
		a.Line = c.line
		if a.Name == "" && a.Node == "" {
			c.fail(from, "an alert needs a name or a node")
		}
		list = append(list, a)
		return c.end()
	})
	return list, err
}

// decodeTruth reads truth.json.
func decodeTruth(data []byte, file string) (*Truth, error) {
	var c cursor
	c.reset(trimBOM(data), file, 1)
	t := new(Truth)
	for c.open('{', "truth.json"); c.more('}'); {
		switch key := string(c.key()); key {
		case "version":
			c.version()
		case "healthy":
			t.Healthy = c.boolean(key)
		case "causes":
			c.each(key, func() { t.Causes = append(t.Causes, c.cause()) })
		case "split":
			t.Split = string(c.str(key))
		default:
			c.skip()
		}
	}
	if t.Healthy && len(t.Causes) > 0 {
		c.fail(0, "a healthy case has no causes")
	}
	return t, c.end()
}

func (c *cursor) cause() (t TrueCause) {
	for c.open('{', "cause"); c.more('}'); {
		switch key := string(c.key()); key {
		case "node":
			t.Node = incident.NodeID(c.str(key))
		case "service":
			t.Service = string(c.str(key))
		case "fault":
			t.Fault = incident.Fault(c.str(key))
		case "accept":
			c.each(key, func() { t.Accept = append(t.Accept, string(c.str(key))) })
		case "label":
			t.Label = string(c.str(key))
		case "from":
			t.Window.From = c.instantUTC(key)
		case "to":
			t.Window.To = c.instantUTC(key)
		default:
			c.skip()
		}
	}
	return t
}
