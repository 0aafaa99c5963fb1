package perturb

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"triagent/incident"
	"triagent/telemetry"
)

// skew is by how much a clock is fast.
const skew = 90 * time.Second

func skewGuilty(_ context.Context, c Case, rng *rand.Rand, to *Change) error {
	skewClock(c, to, c.pick(rng, true, recorded(c.Bundle)))
	return nil
}

func skewOther(_ context.Context, c Case, rng *rand.Rand, to *Change) error {
	skewClock(c, to, c.pick(rng, false, recorded(c.Bundle)))
	return nil
}

// recorded are the nodes with metrics or logs.
func recorded(b *telemetry.Bundle) []incident.NodeID {
	out := append(measured(b), b.LogNodes...)
	slices.Sort(out)
	return slices.Compact(out)
}

// skewClock moves all that a node stamps itself: its metrics, its log lines and
// its spans. What others say about it keeps its time. Spans in CSV stay, too.
func skewClock(c Case, to *Change, node incident.NodeID) {
	if node == "" {
		return
	}
	for _, t := range c.Bundle.Tables {
		if t.Node == node {
			t.Times = slices.Clone(t.Times)
			for i := range t.Times {
				t.Times[i] += int64(skew)
			}
			to.Edits[t.File] = table(t)
		}
	}
	for _, m := range c.Bundle.Members() {
		of, isLog := logMember(m)
		switch {
		case isLog && of == node && inJSON(m):
			to.Edits[m] = eachLine(func(line []byte) ([]byte, error) { return moveJSON(line, "time", c.Bundle.LogZone) })
		case isLog && of == node:
			to.Edits[m] = eachLine(func(line []byte) ([]byte, error) { return moveText(line, c.Bundle.LogZone), nil })
		case strings.HasPrefix(m, "traces.") && inJSON(m):
			to.Edits[m] = eachLine(func(line []byte) ([]byte, error) { return moveSpan(line, node) })
		}
	}
}

// eachLine makes an edit of one of lines. Lines keep their line breaks.
func eachLine(change func(line []byte) ([]byte, error)) Edit {
	return func(r io.Reader, to io.Writer) error {
		in, w := bufio.NewReaderSize(r, 1<<18), bufio.NewWriterSize(to, 1<<18)
		for {
			line, rerr := in.ReadBytes('\n')
			out, err := change(line)
			if err != nil {
				return err
			}
			if _, err := w.Write(out); err != nil {
				return err
			}
			if errors.Is(rerr, io.EOF) {
				return w.Flush()
			}
			if rerr != nil {
				return rerr
			}
		}
	}
}

// moveText moves the stamp that a log line begins with; a line without a whole
// one is as it was. It stays as precise as the stamps of Java's loggers.
func moveText(line []byte, zone *time.Location) []byte {
	s, from, ok := telemetry.FindTime(line)
	if !ok || !s.Complete() {
		return line
	}
	at := s.UnixNano(zone) + int64(skew)
	return slices.Concat(line[:from], []byte(stampLike(s, at, zone)), line[from+s.N:])
}

// stampLike writes a moment in the zone and nearly the layout of another stamp.
func stampLike(s telemetry.Stamp, at int64, zone *time.Location) string {
	t := time.Unix(0, at).In(zone)
	switch {
	case s.IsEpoch:
		return strconv.FormatInt(at, 10)
	case s.HasZone:
		return t.UTC().Format("2006-01-02T15:04:05.000000Z")
	}
	return t.Format("2006-01-02 15:04:05,000")
}

func moveSpan(line []byte, node incident.NodeID) ([]byte, error) {
	if !bytes.Contains(line, []byte(node)) {
		return line, nil
	}
	var of struct {
		Node incident.NodeID `json:"node"`
	}
	if !decoded(line, &of) || of.Node != node {
		return line, nil
	}
	return moveJSON(line, "start", nil)
}

// moveJSON moves the time under a key of an object. A line that is none, or has
// no time there, is as it was: whether that is wrong is not for here to say.
func moveJSON(line []byte, key string, zone *time.Location) ([]byte, error) {
	doc := map[string]json.RawMessage{}
	if !decoded(line, &doc) {
		return line, nil
	}
	at, ok := instant(doc[key], zone)
	if !ok {
		return line, nil
	}
	doc[key] = []byte(strconv.FormatInt(at+int64(skew), 10))
	out, err := json.Marshal(doc)
	return append(out, '\n'), err
}

func decoded(line []byte, to any) bool { return json.Unmarshal(line, to) == nil }

// instant reads a time of a bundle: an integer since 1970 whose unit its size
// tells, or text.
func instant(raw json.RawMessage, zone *time.Location) (int64, bool) {
	if v, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		for _, unit := range []int64{1e9, 1e6, 1e3} { // seconds, milliseconds, microseconds
			if float64(max(v, -v)) < 1e20/float64(unit) {
				return v * unit, true
			}
		}
		return v, true
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return 0, false
	}
	at, n, ok := telemetry.ParseTime([]byte(text), zone)
	return at, ok && n == len(text)
}
