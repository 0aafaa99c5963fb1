package iotdb

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"triagent/internal/errs"
)

// sample is one line of a metrics endpoint.
type sample struct {
	name   string
	labels []label // sorted by name
	value  float64
}

type label struct{ name, value string }

// exposition is what a metrics endpoint says.
type exposition struct {
	kinds   map[string]string // "counter", "gauge", "summary", "histogram" by name
	samples []sample
}

// The bounds of one endpoint.
const (
	mostSamples = 200_000
	longestLine = 64 << 10
)

// readExposition reads the text format of Prometheus. IoTDB repeats the TYPE of
// a metric before each of its series, which parsers of the letter refuse.
func readExposition(r io.Reader) (*exposition, error) {
	e := &exposition{kinds: make(map[string]string)}
	in := bufio.NewScanner(r)
	in.Buffer(nil, longestLine)
	for n := 1; in.Scan(); n++ {
		line := strings.TrimSpace(in.Text())
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			if name, kind, ok := strings.Cut(rest, " "); ok {
				e.kinds[name] = strings.TrimSpace(kind)
			}
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		s, ok := readSample(line)
		if !ok {
			return nil, fmt.Errorf("line %d is no sample: %.60q", n, line)
		}
		if len(e.samples) == mostSamples {
			return nil, errs.New(errs.Exhausted, "more than %d samples", mostSamples)
		}
		e.samples = append(e.samples, s)
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	if len(e.samples) == 0 {
		return nil, fmt.Errorf("no sample is in it")
	}
	return e, nil
}

// readSample reads name{label="value",} value.
func readSample(line string) (sample, bool) {
	end := strings.IndexAny(line, "{ \t")
	if end <= 0 {
		return sample{}, false
	}
	s := sample{name: line[:end]}
	rest := line[end:]
	if rest[0] == '{' {
		var ok bool
		if s.labels, rest, ok = readLabels(rest[1:]); !ok {
			return sample{}, false
		}
	}
	fields := strings.Fields(rest) // a time may follow the value
	if len(fields) == 0 {
		return sample{}, false
	}
	v, err := strconv.ParseFloat(fields[0], 64)
	s.value = v
	return s, err == nil
}

// readLabels reads label="value", up to the closing brace, and returns the rest.
func readLabels(text string) (out []label, rest string, ok bool) {
	for {
		text = strings.TrimLeft(text, ", \t")
		if text == "" {
			return nil, "", false
		}
		if text[0] == '}' {
			slices.SortFunc(out, func(a, b label) int { return strings.Compare(a.name, b.name) })
			return out, text[1:], true
		}
		name, after, found := strings.Cut(text, `="`)
		if !found || name == "" {
			return nil, "", false
		}
		value, n := unquote(after)
		if n < 0 {
			return nil, "", false
		}
		out = append(out, label{strings.TrimSpace(name), value})
		text = after[n:]
	}
}

// unquote reads a value up to its closing quote and returns the bytes that it
// took; -1: it does not close.
func unquote(text string) (value string, n int) {
	if i := strings.IndexAny(text, `"\`); i >= 0 && text[i] == '"' {
		return text[:i], i + 1
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), i + 1
		case c == '\\' && i+1 < len(text):
			i++
			if text[i] == 'n' {
				b.WriteByte('\n')
			} else {
				b.WriteByte(text[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", -1
}

// label returns the value of a label; "" if there is none.
func (s *sample) label(name string) string {
	for _, l := range s.labels {
		if l.name == name {
			return l.value
		}
	}
	return ""
}
