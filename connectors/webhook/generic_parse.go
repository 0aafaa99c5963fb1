package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/internal/errs"
)

// Parse reads a message. The alerts come in its order; at most limit of them
// are accepted. Times are UTC; an alert that is over without saying since when
// ended at now. A name that had to be taken from the title has its numbers
// replaced by "#": a value in it must not make another alert. An error is of
// kind errs.Invalid, and then no alert is returned.
func (g *Generic) Parse(body []byte, limit int, now time.Time) ([]connectors.Alert, error) {
	root, err := decode(body)
	if err != nil {
		return nil, err
	}
	list, err := g.alerts(root)
	if err != nil {
		return nil, err
	}
	if len(list) > limit {
		return nil, errs.New(errs.Invalid, "the message holds %d alerts, at most %d are accepted", len(list), limit)
	}
	out := make([]connectors.Alert, len(list))
	for i, v := range list {
		if _, ok := v.(map[string]any); !ok {
			return nil, errs.New(errs.Invalid, "alert %d is no JSON object", i+1)
		}
		if out[i], err = g.alert(root, v, now); err != nil {
			return nil, errs.New(errs.Invalid, "alert %d: %w", i+1, err)
		}
	}
	return out, nil
}

// decode reads one JSON value and keeps numbers as they were written.
func decode(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var root any
	if err := d.Decode(&root); err != nil {
		return nil, errs.New(errs.Invalid, "the body is no JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errs.New(errs.Invalid, "the body holds more than one JSON value")
	}
	return root, nil
}

// alerts returns the list of alerts in a message.
func (g *Generic) alerts(root any) ([]any, error) {
	if g.list != nil {
		list, ok := g.list.find(root, root).([]any)
		if !ok {
			return nil, errs.New(errs.Invalid, "the message has no list at %q, where the configuration says that the alerts are", g.list.text)
		}
		return list, nil
	}
	switch v := root.(type) {
	case []any:
		return v, nil
	case map[string]any:
		if list, ok := v["alerts"].([]any); ok {
			return list, nil
		}
		return []any{v}, nil
	}
	return nil, errs.New(errs.Invalid, "the message is neither a JSON object nor a list")
}

func (g *Generic) alert(root, v any, now time.Time) (connectors.Alert, error) {
	text := func(field string) string {
		s, _ := first(g.fields[field], root, v)
		return s
	}
	a := connectors.Alert{
		Source: g.source, Name: text("name"), Severity: text("severity"), Node: text("node"), Peer: text("peer"),
		System: text("system"), URL: text("url"), Group: text("group"),
		Labels:      gather(g.labelsIn, g.labels, root, v),
		Annotations: gather(g.notesIn, g.notes, root, v),
	}
	if a.Name == "" && a.Annotations["title"] == "" && a.Node == "" && len(a.Labels) == 0 {
		return a, &errs.Error{
			Kind: errs.Invalid, Err: errors.New("it has neither a name nor a title, a node or labels"),
			Remedy: "send {\"name\", \"severity\", \"node\", \"labels\"}, or say in the settings (hooks.generic) where these are",
		}
	}
	if a.Name == "" {
		a.Name = unnumbered(a.Annotations["title"])
	}
	var err error
	if a.Starts, err = g.time("starts", root, v); err != nil {
		return a, err
	}
	ends, err := g.time("ends", root, v)
	if err != nil {
		return a, err
	}
	over := g.resolved[strings.ToLower(text("status"))]
	if !ends.IsZero() && !ends.After(now) {
		a.Ends = ends
	} else if over {
		a.Ends = now.UTC()
	}
	return a, nil
}

// unnumbered replaces the numbers of a title; an empty one becomes "alert".
func unnumbered(title string) string {
	if title == "" {
		return "alert"
	}
	var b strings.Builder
	inNumber := false
	for _, r := range title {
		digit := r >= '0' && r <= '9' || inNumber && r == '.'
		if !digit {
			b.WriteRune(r)
		} else if !inNumber {
			b.WriteByte('#')
		}
		inNumber = digit
	}
	return b.String()
}

// gather collects labels or annotations: whole objects first, then one by one.
func gather(in []path, list []named, root, v any) map[string]string {
	out := make(map[string]string)
	for _, p := range in {
		switch members := p.find(root, v).(type) {
		case map[string]any:
			for name, value := range members {
				if s, ok := scalar(value); ok && name != "" {
					out[name] = s
				}
			}
		case []any:
			for _, member := range members {
				if name, value, ok := pair(member); ok {
					out[name] = value
				}
			}
		}
	}
	for _, n := range list {
		if s, _ := first(n.paths, root, v); s != "" {
			out[n.name] = s
		}
	}
	return out
}

// pair reads a member of a list of labels: {"tag": "a", "value": "b"} with
// other common names for tag, "a:b" or "a=b".
func pair(v any) (name, value string, ok bool) {
	switch v := v.(type) {
	case string:
		i := strings.IndexAny(v, ":=")
		if i <= 0 {
			return "", "", false
		}
		return strings.TrimSpace(v[:i]), strings.TrimSpace(v[i+1:]), true
	case map[string]any:
		for _, key := range []string{"tag", "name", "key"} {
			if name, _ = scalar(v[key]); name != "" {
				value, ok = scalar(v["value"])
				return name, value, ok
			}
		}
	}
	return "", "", false
}

// time reads a field that is a time; zero if there is none.
func (g *Generic) time(field string, root, v any) (time.Time, error) {
	s, at := first(g.fields[field], root, v)
	t, err := parseTime(s)
	if err != nil {
		e := errs.New(errs.Invalid, "%s (%s) is %.40q, which is no time", field, at.text, s)
		e.Remedy = "use RFC 3339 or Unix seconds, milliseconds, microseconds or nanoseconds"
		return time.Time{}, e
	}
	return t, nil
}

// parseTime reads RFC 3339, the same without a zone (UTC), or a Unix time whose
// unit is told by its size. Empty, 0 and the year 1 are no time.
func parseTime(s string) (time.Time, error) {
	if s == "" || s == "0" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateTime} {
		if t, err := time.Parse(layout, s); err == nil {
			if t.Year() <= 1 {
				return time.Time{}, nil
			}
			return t.UTC(), nil
		}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 0 {
		switch {
		case n < 1e11:
			return time.Unix(n, 0).UTC(), nil
		case n < 1e14:
			return time.UnixMilli(n).UTC(), nil
		case n < 1e17:
			return time.UnixMicro(n).UTC(), nil
		}
		return time.Unix(0, n).UTC(), nil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && f > 0 && f < 1e11 {
		sec, frac := math.Modf(f)
		return time.Unix(int64(sec), int64(frac*1e9)).UTC().Truncate(time.Microsecond), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time", s)
}
