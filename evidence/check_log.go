package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	"triagent/compress"
	"triagent/incident"
	"triagent/telemetry"
)

// record is a log record as the checker reads it.
type record struct {
	line  int
	at    int64 // 0: no time, nor has any record above it
	level telemetry.Level
	body  []byte // first line of the message
	whole []byte // all of the message
}

// logCheck answers what is asked of one log file.
type logCheck struct {
	c        *checker
	f        *file
	matchers map[string]*matcher
	names    map[string][]string // words that name a node
	counts   []float64
	next     int
	latest   int64
	zone     *time.Location
	near     time.Time
	rec      record
	open     bool
}

// readLog goes over a log once.
func (c *checker) readLog(f *file, in *lineReader) error {
	l := logCheck{
		c: c, f: f, matchers: map[string]*matcher{}, names: map[string][]string{},
		counts: make([]float64, len(f.numbers)), zone: c.b.LogZone, near: c.b.Incident.Window.To,
	}
	if l.near.IsZero() {
		l.near = time.Unix(0, 0)
	}
	take := l.text()
	if strings.HasSuffix(plainName(f.name), ".jsonl") {
		take = l.json
	}
	if err := in.each(take); err != nil {
		return err
	}
	l.flush()
	for i, n := range f.numbers {
		if n.Stat == Records {
			n.again, n.ready = l.counts[i], l.understands(n)
		}
	}
	return nil
}

// text takes raw lines: a record goes on until the next line with a header.
func (l *logCheck) text() func(int, []byte) error {
	var split telemetry.Splitter
	return func(number int, line []byte) error {
		h, starts := split.Next(line)
		for _, p := range l.f.visit(number, &l.next) {
			p.raw = clipped(line)
			if !starts && l.open {
				p.problem = fmt.Sprintf("line %d of %s begins no record", number, l.f.name)
			}
		}
		if !starts && l.open {
			if len(l.rec.whole) < longestLine {
				l.rec.whole = append(append(l.rec.whole, '\n'), line...)
			}
			return nil
		}
		l.flush()
		at := l.stamp(line, &h)
		body := line[h.BodyFrom:h.BodyTo]
		l.rec = record{line: number, at: at, level: h.Level, body: append(l.rec.body[:0], body...), whole: append(l.rec.whole[:0], body...)}
		l.open = true
		return nil
	}
}

// stamp is the time of a line: read with the time package where the layout is a
// plain one. A line without a time has that of the latest above it.
func (l *logCheck) stamp(line []byte, h *telemetry.Head) int64 {
	if !h.HasTime() {
		return l.latest
	}
	var ns int64
	if t, err := time.ParseInLocation("2006-01-02 15:04:05.000", strings.Replace(string(line[:min(23, len(line))]), ",", ".", 1), l.zone); err == nil {
		ns = t.UnixNano()
	} else if h.Stamp.Complete() {
		ns = h.Stamp.UnixNano(l.zone)
	} else {
		ns = h.Stamp.UnixNanoNear(l.zone, l.near)
	}
	if ns > l.latest {
		l.latest, l.near = ns, time.Unix(0, ns)
	}
	return ns
}

// json takes one record a line.
func (l *logCheck) json(number int, line []byte) error {
	places := l.f.visit(number, &l.next)
	if len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	var rec struct {
		Time, Level, Body json.RawMessage
	}
	if err := json.Unmarshal(line, &rec); err != nil {
		return fmt.Errorf("line %d: %w", number, err)
	}
	for _, p := range places {
		p.raw = clipped(line)
	}
	at, ok := readInstant(unquote(rec.Time))
	if !ok {
		at = l.latest
	}
	l.latest = max(l.latest, at)
	body, level := unquote(rec.Body), levelNamed(unquote(rec.Level))
	if h := telemetry.ParseHead([]byte(body)); h.HasTime() && h.TimeFrom <= 3 && h.BodyFrom < h.BodyTo {
		if level == telemetry.NoLevel {
			level = h.Level
		}
		body = body[h.BodyFrom:]
	}
	first, _, _ := strings.Cut(body, "\n")
	l.rec = record{line: number, at: at, level: level, body: []byte(first), whole: []byte(body)}
	l.open = true
	l.flush()
	return nil
}

// unquote is the text of a JSON string, and any other value as it is written.
func unquote(raw json.RawMessage) string {
	if len(raw) > 1 && raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// levelNamed reads the level of a JSON record by the head of a made-up line.
func levelNamed(s string) telemetry.Level {
	if s == "" {
		return telemetry.NoLevel
	}
	h := telemetry.ParseHead([]byte("[" + strings.ToUpper(s) + "] x"))
	return h.Level
}

// flush counts the record that is complete and checks the places that lead to it.
func (l *logCheck) flush() {
	if !l.open {
		return
	}
	l.open = false
	for i, n := range l.f.numbers {
		if n.Stat == Records && l.counted(n) {
			l.counts[i]++
		}
	}
	for i := l.next - 1; i >= 0 && l.f.places[i].line >= l.rec.line; i-- {
		if p := l.f.places[i]; p.line == l.rec.line && p.of.Kind == incident.Log {
			p.problem = l.mismatch(p)
		}
	}
}

// counted reports whether the record counts for a number.
func (l *logCheck) counted(n *number) bool {
	if len(n.Windows) > 0 && (l.rec.at == 0 || !covered(l.rec.at, n.Windows)) {
		return false
	}
	return l.fits(n.Arg) && l.matches(n.Column)
}

// fits reports whether the record is one of those that Arg narrows to.
func (l *logCheck) fits(arg string) bool {
	if level, ok := strings.CutPrefix(arg, LevelArg); ok {
		return min(l.rec.level, telemetry.Error).String() == level
	}
	if node, ok := strings.CutPrefix(arg, NamesArg); ok {
		return l.rec.level >= telemetry.Warn && l.mentions(node)
	}
	return arg == ""
}

// understands reports whether the Arg of a number is one there is.
func (l *logCheck) understands(n *number) bool {
	return n.Arg == "" || n.Arg == LevelArg+"WARN" || n.Arg == LevelArg+"ERROR" || strings.HasPrefix(n.Arg, NamesArg)
}

// matcher remembers what it said of the latest record.
type matcher struct {
	*compress.Matcher
	line int
	said bool
}

func (l *logCheck) matches(template string) bool {
	if template == "" {
		return true
	}
	m := l.matchers[template]
	if m == nil {
		m = &matcher{Matcher: compress.NewMatcher(template)}
		l.matchers[template] = m
	}
	if m.line != l.rec.line {
		m.line, m.said = l.rec.line, m.Match(l.rec.body)
	}
	return m.said
}

// mentions reports whether the record names a node as a word of its own.
func (l *logCheck) mentions(node string) bool {
	words, ok := l.names[node]
	if !ok {
		words = append(words, node)
		if n, found := l.c.b.Topology.Node(incident.NodeID(node)); found && n.Host != "" {
			sharing := 0
			for _, o := range l.c.b.Topology.Nodes {
				if o.Host == n.Host {
					sharing++
				}
			}
			if sharing == 1 {
				words = append(words, n.Host)
			}
		}
		l.names[node] = words
	}
	for _, text := range bytes.FieldsFunc(l.rec.whole, func(r rune) bool {
		return r != '.' && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		for _, w := range words {
			if string(bytes.TrimRight(text, ".")) == w {
				return true
			}
		}
	}
	return false
}

// mismatch is what is wrong with the record as the source of evidence.
func (l *logCheck) mismatch(p *place) string {
	e := p.of
	if l.rec.at != 0 && !inScope(e, l.rec.at) {
		return fmt.Sprintf("the record at line %d lies outside its windows", p.line)
	}
	if e.Name != "" && !l.matches(e.Name) && !bytes.Contains(l.rec.whole, []byte(e.Name)) {
		return fmt.Sprintf("the record at line %d is no %q", p.line, e.Name)
	}
	for _, n := range e.Numbers {
		if n.Stat == Records && n.File == l.f.name && (!l.fits(n.Arg) || !l.matches(n.Column)) {
			return fmt.Sprintf("the record at line %d is none that number %q counts", p.line, n.Name)
		}
	}
	return ""
}

// nodeOfLog is the node that a log member is of, by its name.
func nodeOfLog(name string) string {
	base := path.Base(plainName(name))
	stem := strings.TrimSuffix(base, path.Ext(base))
	if node, err := url.PathUnescape(stem); err == nil {
		return node
	}
	return stem
}

// clipped is a line as it may be quoted: its beginning.
func clipped(line []byte) string { return string(line[:min(len(line), 16<<10)]) }
