package collect

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/incident"
	"triagent/telemetry"
)

// The bounds of one thing that a source hands over. A bundle with more is not
// read again; see telemetry.Limits.
const (
	longestText = 2000     // bytes of a name or a sentence
	longestFile = 240      // bytes of the name of a node's file; with its ending a file system takes 255
	mostText    = 1 << 20  // bytes of a log record or a span
	mostLabels  = 64 << 10 // bytes of the labels of an alert
	mostSmall   = 16 << 20 // bytes of all events, or all alerts, of a source
	widest      = 4 << 20  // bytes of the head of a node's table, of a source
)

// dropped notes that something was left out which a bundle cannot hold. The
// words are the same for every such thing: they are noted once.
func (s *sink) dropped(what, why string) {
	s.g.lack(incident.Missing{What: what + " of " + s.source, Why: why})
}

// oneLine makes foreign text fit for a line: no control characters, no blanks at
// its edges, and not without end.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return strings.TrimSpace(cut(s))
}

// cut bounds a text.
func cut(s string) string { return strings.ToValidUTF8(s[:min(len(s), longestText)], "") }

// namesOf is a node's name as a bundle can hold it. One that is too long for a
// file comes after a short form of it, which is the node's ID then.
func namesOf(name string) []string {
	name = strings.ToValidUTF8(name, "\ufffd")
	if name == "" {
		return nil
	}
	if part := fitting(name, longestFile); part != name {
		return []string{shortened(name), name}
	}
	return []string{name}
}

// shortened is the beginning of a name with a mark that only this name has.
func shortened(name string) string {
	sum := sha256.Sum256([]byte(name))
	return fitting(name, longestFile/2) + "~" + hex.EncodeToString(sum[:8])
}

// fitting is as much of a name as a file name of so many bytes holds, where some
// characters take three.
func fitting(name string, room int) string {
	for i, r := range name {
		size := len(string(r))
		if r < ' ' || r == 0x7f || strings.ContainsRune(`%/\`, r) || r == '.' && i == 0 {
			size = 3
		}
		if room -= size; room < 0 {
			return name[:i]
		}
	}
	return name
}

// writable reports whether a bundle can hold a time; the zero time is none.
func writable(t time.Time) bool {
	y := t.UTC().Year()
	return t.IsZero() || y >= 1678 && y <= 2261
}

// lengthOf is how many bytes of text a map has.
func lengthOf(m map[string]string) int {
	n := 0
	for k, v := range m {
		n += len(k) + len(v)
	}
	return n
}

// fitLine cuts a log record to what is read again; false: it was too long.
func fitLine(l *connectors.Line) bool {
	fits := true
	if len(l.Body) > mostText {
		l.Body, fits = l.Body[:mostText], false
	}
	if len(l.TraceID)+len(l.SpanID)+lengthOf(l.Attributes) > mostText {
		l.TraceID, l.SpanID, l.Attributes, fits = "", "", nil, false
	}
	if l.Level > telemetry.Fatal {
		l.Level = telemetry.NoLevel
	}
	return fits
}

// soundSpan reports whether a bundle can hold a span.
func soundSpan(x *telemetry.Span) bool {
	text := len(x.TraceID) + len(x.SpanID) + len(x.ParentID) + len(x.Service) + len(x.Name) + lengthOf(x.Attributes)
	return x.Duration >= 0 && x.Start <= math.MaxInt64-x.Duration && writable(moment(x.Start)) &&
		x.Kind <= telemetry.ConsumerSpan && text <= mostText
}

// soundClock reports whether an offset can be: its bounds are in order, and the
// least number stands for none.
func soundClock(c connectors.Clock) bool { return c.Least != math.MinInt64 && c.Least <= c.Most }

// roles are those that a bundle can hold.
var roles = map[incident.Role]bool{
	incident.Leader: true, incident.Follower: true, incident.ConfigLeader: true, incident.ConfigFollower: true,
	incident.Coordinator: true, incident.Witness: true, incident.Service: true, incident.Database: true,
	incident.Gateway: true, incident.UnknownRole: true,
}

// sound returns what a bundle can hold of the roles, groups and calls, and how
// many it cannot.
func sound(f connectors.Found) (out connectors.Found, left int) {
	for _, r := range f.Roles {
		if r.Node == "" || !roles[r.Role] {
			left++
			continue
		}
		if !writable(moment(r.From)) {
			r.From = 0
		}
		out.Roles = append(out.Roles, r)
	}
	for _, k := range f.Groups {
		if k.ID == "" {
			left++
			continue
		}
		out.Groups = append(out.Groups, k)
	}
	for _, c := range f.Calls {
		if c.From == "" || c.To == "" {
			left++
			continue
		}
		out.Calls = append(out.Calls, c)
	}
	return out, left
}
