package telemetry

import (
	"io"
	"time"

	"triagent/incident"
)

// Collected is how the parts of a bundle were come by: collected.jsonl, an
// extension of the format. The zero Collected is that of a bundle which says
// nothing about it.
type Collected struct {
	Sources    []SourceUse
	Queries    []Query
	Clocks     []ClockOffset
	Missing    []incident.Missing   // what was not to be had; in Bundle.Missing too
	Reductions []incident.Reduction // what was left out on the way
}

// SourceUse is what was asked of one source and what it gave.
type SourceUse struct {
	Name     string // as the system's declaration has it
	Kind     string // "prometheus", "iotdb" ...
	At       string // its address; holds no secret
	Requests int64
	Bytes    int64 // of answers, decompressed
	Took     time.Duration
	Gave     string // for people: "312 series, 4100 lines"
	Failed   string // why it ended early; empty: it did not
}

// Query is the exact question that one column, log or other part came by.
type Query struct {
	File   string // bundle member without the ending of a compression
	Column string // of metrics; empty: the whole file
	Source string // name of the source
	Text   string // in the source's language
}

// ClockOffset is how far a clock was ahead of the collecting machine's.
type ClockOffset struct {
	Of          string // source or node
	Least, Most time.Duration
}

type (
	wireSource struct {
		Kind     string `json:"kind"` // "source"
		Name     string `json:"name"`
		Type     string `json:"type"`
		At       string `json:"at"`
		Requests int64  `json:"requests"`
		Bytes    int64  `json:"bytes"`
		Took     int64  `json:"took_ms"`
		Gave     string `json:"gave"`
		Failed   string `json:"failed,omitempty"`
	}
	wireQuery struct {
		Kind   string `json:"kind"` // "query"
		File   string `json:"file"`
		Column string `json:"column,omitempty"`
		Source string `json:"source"`
		Query  string `json:"query"`
	}
	wireClock struct {
		Kind  string `json:"kind"` // "clock"
		Of    string `json:"of"`
		Least int64  `json:"least_ns"`
		Most  int64  `json:"most_ns"`
	}
	wireMissing struct {
		Kind string `json:"kind"` // "missing"
		What string `json:"what"`
		Why  string `json:"why"`
	}
	wireReduced struct {
		Kind  string `json:"kind"` // "reduced"
		Stage string `json:"stage"`
		In    int64  `json:"in"`
		Out   int64  `json:"out"`
		Unit  string `json:"unit"`
		How   string `json:"how"`
		Rest  string `json:"rest,omitempty"`
	}
)

func encodeCollected(c *Collected) (out []byte, err error) {
	add := func(v any) {
		if err == nil {
			var b []byte
			b, err = encode(v, "")
			out = append(out, b...)
		}
	}
	for _, s := range c.Sources {
		add(wireSource{"source", s.Name, s.Kind, s.At, s.Requests, s.Bytes, s.Took.Milliseconds(), s.Gave, s.Failed})
	}
	for _, k := range c.Clocks {
		add(wireClock{"clock", k.Of, k.Least.Nanoseconds(), k.Most.Nanoseconds()})
	}
	for _, m := range c.Missing {
		add(wireMissing{"missing", m.What, m.Why})
	}
	for _, r := range c.Reductions {
		add(wireReduced{"reduced", r.Stage, r.In, r.Out, r.Unit, r.How, r.Rest})
	}
	for _, q := range c.Queries {
		add(wireQuery{"query", q.File, q.Column, q.Source, q.Text})
	}
	return out, err
}

// decodeCollected reads collected.jsonl. Lines of unknown kinds are passed over.
func decodeCollected(r io.Reader, file string, lim Limits) (out Collected, err error) {
	err = eachJSON(r, file, lim, func(c *cursor) error {
		words, numbers := map[string]string{}, map[string]int64{}
		for c.open('{', "record"); c.more('}'); {
			switch key := string(c.key()); key {
			case "kind", "name", "type", "at", "gave", "failed", "file", "column", "source", "query", "of", "what", "why", "stage", "unit", "how", "rest":
				words[key] = string(c.str(key))
			case "requests", "bytes", "took_ms", "least_ns", "most_ns", "in", "out":
				numbers[key] = c.integer(key)
			default:
				c.skip()
			}
		}
		out.add(words, numbers)
		return c.end()
	})
	return out, err
}

func (c *Collected) add(w map[string]string, n map[string]int64) {
	switch w["kind"] {
	case "source":
		c.Sources = append(c.Sources, SourceUse{
			Name: w["name"], Kind: w["type"], At: w["at"], Requests: n["requests"], Bytes: n["bytes"],
			Took: time.Duration(n["took_ms"]) * time.Millisecond, Gave: w["gave"], Failed: w["failed"],
		})
	case "clock":
		c.Clocks = append(c.Clocks, ClockOffset{w["of"], time.Duration(n["least_ns"]), time.Duration(n["most_ns"])})
	case "missing":
		c.Missing = append(c.Missing, incident.Missing{What: w["what"], Why: w["why"]})
	case "reduced":
		c.Reductions = append(c.Reductions, incident.Reduction{
			Stage: w["stage"], In: n["in"], Out: n["out"], Unit: w["unit"], How: w["how"], Rest: w["rest"],
		})
	case "query":
		c.Queries = append(c.Queries, Query{File: w["file"], Column: w["column"], Source: w["source"], Text: w["query"]})
	}
}
