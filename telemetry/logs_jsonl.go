package telemetry

import "io"

// jsonl reads records with the keys time, level, body, trace_id and attributes,
// of which only span_id is used. Each line is a record. A body that starts with
// a header, as raw lines do, loses it, and gives the level if no key does.
func (g *logReader) jsonl(r io.Reader, lim Limits) error {
	return eachJSON(r, g.file, lim, func(c *cursor) error {
		rec := &g.rec
		*rec = Record{Node: rec.Node, File: rec.File, Line: c.line, Body: rec.Body[:0]}
		at := 0
		for c.open('{', "log record"); c.more('}'); {
			switch string(c.key()) {
			case "time":
				at = c.mark()
				rec.Time, _ = c.instant("time", g.zone)
			case "level":
				rec.Level, _ = levelOf(c.text())
			case "body":
				rec.Body = append(rec.Body[:0], c.text()...)
			case "trace_id":
				rec.TraceID = string(c.str("trace_id"))
			case "span_id":
				rec.SpanID = string(c.str("span_id"))
			case "attributes":
				g.attributes(c)
			default:
				c.skip()
			}
		}
		if err := c.end(); err != nil {
			return err
		}
		if rec.Time != 0 {
			if err := g.check(c.line, at+1); err != nil {
				return err
			}
		}
		g.stripHeader()
		if over := len(rec.Body) - lim.Line; over > 0 {
			rec.Body, rec.Cut = rec.Body[:lim.Line], over
		}
		g.open = true
		return g.flush()
	})
}

// attributes takes what a record has a place for.
func (g *logReader) attributes(c *cursor) {
	if c.null() {
		return
	}
	for c.open('{', "attributes"); c.more('}'); {
		if string(c.key()) == "span_id" {
			g.rec.SpanID = string(c.text())
		} else {
			c.skip()
		}
	}
}

// stripHeader takes the header off a body that has one at its front.
func (g *logReader) stripHeader() {
	rec := &g.rec
	h := ParseHead(rec.Body)
	if !h.HasTime() || h.TimeFrom > 3 || h.BodyFrom >= h.BodyTo {
		return
	}
	if rec.Level == NoLevel {
		rec.Level = h.Level
	}
	rec.Body = append(rec.Body[:0], rec.Body[h.BodyFrom:]...)
}
