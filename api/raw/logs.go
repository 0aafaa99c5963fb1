package raw

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"triagent/api/wire"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// Bounds of one question.
const (
	scanRecords = 3_000_000       // log records that are looked at
	scanTime    = 8 * time.Second // for which it is looked
	maxText     = 8 << 10         // bytes of a log message that are shown
)

// LogQuery chooses log records. Empty fields choose everything.
type LogQuery struct {
	Node     string
	Text     string // which the message contains, any case
	Level    telemetry.Level
	From, To time.Time // records without a time match only if both are zero
	Cursor   string    // of the page before
	Limit    int
}

// LogLine is one log record.
type LogLine struct {
	Node  string    `json:"node"`
	File  string    `json:"file"`
	Line  int       `json:"line"`
	At    wire.Time `json:"at"`
	Level string    `json:"level"`
	Text  string    `json:"text"`
}

// LogPage is a page of log records: nodes ascending, each in the order of its
// lines.
type LogPage struct {
	Items   []LogLine `json:"items"`
	Next    *string   `json:"next" nullable:"true" doc:"Cursor to go on with; null: all was looked at"`
	Scanned int       `json:"scanned" doc:"Records that were looked at for this page"`
}

var (
	errEnough = errors.New("enough")
	errLater  = errors.New("the rest of the node is later")
)

// Logs returns the records that q chooses. A page may hold fewer than asked for
// though there are more: then it has a cursor. A wrong cursor has kind
// errs.Invalid.
func (c *Bundles) Logs(ctx context.Context, b *telemetry.Bundle, q LogQuery) (*LogPage, error) {
	at, err := parseLogCursor(q.Cursor)
	if err != nil {
		return nil, err
	}
	if err := c.slots.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer c.slots.Release(1)
	s := &logScan{q: q, page: &LogPage{Items: []LogLine{}}, text: bytes.ToLower([]byte(q.Text)), until: time.Now().Add(scanTime)}
	nodes := b.LogNodes
	if q.Node != "" {
		nodes = []incident.NodeID{incident.NodeID(q.Node)}
	}
	for _, n := range nodes {
		if string(n) < at.node {
			continue
		}
		s.after = 0
		if string(n) == at.node {
			s.after = at.line
		}
		err := b.Logs(ctx, []incident.NodeID{n}, s.take)
		if errors.Is(err, errEnough) {
			next := s.last.String()
			s.page.Next = &next
			return s.page, nil
		}
		if err != nil && !errors.Is(err, errLater) {
			return nil, err
		}
	}
	return s.page, nil
}

type logScan struct {
	q     LogQuery
	page  *LogPage
	text  []byte
	after int // line of the node up to which it was looked at before
	until time.Time
	last  logCursor
}

func (s *logScan) take(r *telemetry.Record) error {
	if r.Line <= s.after {
		return nil
	}
	if len(s.page.Items) >= s.q.Limit || s.page.Scanned >= scanRecords || s.page.Scanned%4096 == 4095 && time.Now().After(s.until) {
		if s.last.node == "" {
			s.last = logCursor{string(r.Node), r.Line - 1}
		}
		return errEnough
	}
	s.page.Scanned++
	s.last = logCursor{string(r.Node), r.Line}
	if !s.q.To.IsZero() && r.Time > s.q.To.Add(time.Minute).UnixNano() {
		return errLater // lines of a node are in the order of time, near enough
	}
	if !s.matches(r) {
		return nil
	}
	s.page.Items = append(s.page.Items, lineOf(r))
	return nil
}

func (s *logScan) matches(r *telemetry.Record) bool {
	if r.Level < s.q.Level {
		return false
	}
	if !s.q.From.IsZero() && r.Time < s.q.From.UnixNano() || !s.q.To.IsZero() && (r.Time == 0 || r.Time >= s.q.To.UnixNano()) {
		return false
	}
	return len(s.text) == 0 || bytes.Contains(r.Body, s.text) || bytes.Contains(bytes.ToLower(r.Body), s.text)
}

func lineOf(r *telemetry.Record) LogLine {
	body := r.Body
	if len(body) > maxText {
		body = body[:maxText]
	}
	l := LogLine{Node: string(r.Node), File: r.File, Line: r.Line, Level: r.Level.String(), Text: strings.ToValidUTF8(string(body), "\uFFFD")}
	if r.Time != 0 {
		l.At = wire.Time(time.Unix(0, r.Time))
	}
	return l
}

// logCursor is a place in the logs: what comes after a line of a node.
type logCursor struct {
	node string
	line int
}

// String is the form that parseLogCursor reads.
func (c logCursor) String() string { return strconv.Itoa(c.line) + "@" + c.node }

func parseLogCursor(s string) (logCursor, error) {
	if s == "" {
		return logCursor{}, nil
	}
	line, node, ok := strings.Cut(s, "@")
	n, err := strconv.Atoi(line)
	if !ok || err != nil || n < 0 || node == "" || strconv.Itoa(n) != line {
		return logCursor{}, errs.New(errs.Invalid, "the cursor is not one of this service: leave it out to start from the beginning")
	}
	return logCursor{node, n}, nil
}

// ParseLevel reads the name of a level, in any case; "" is that of all.
func ParseLevel(s string) (telemetry.Level, bool) {
	levels := []telemetry.Level{telemetry.Trace, telemetry.Debug, telemetry.Info, telemetry.Warn, telemetry.Error, telemetry.Fatal}
	if s == "" {
		return telemetry.NoLevel, true
	}
	i := slices.IndexFunc(levels, func(l telemetry.Level) bool { return strings.EqualFold(l.String(), s) })
	if i < 0 {
		return 0, false
	}
	return levels[i], true
}
