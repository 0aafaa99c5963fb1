package brief

import (
	"fmt"
	"math"
	"sort"
	"strings"
	"time"
	"unicode"

	"triagent/compress"
	"triagent/evidence"
	"triagent/incident"
	"triagent/telemetry"
)

// templateTokens is how much of a log template or a statement is shown.
const templateTokens = 48

// shapes are the short forms, by the key of the evidence's text. Braces name
// its arguments; what holds one that is missing or empty is left out with the
// brackets around it.
var shapes = map[string]string{
	"metric.moved":             "{name} {before}→{after}",
	"metric.peaked":            "{name} {before}→{after} at most",
	"metric.ratio":             "{name} per {per} {before}→{after}",
	"metric.appeared":          "{name} appeared: {after}",
	"metric.silent":            "{name} silent",
	"metric.ended":             "{name} ended",
	"log.template_new":         "new[ {level}] {after}/{before}:",
	"log.template_new_peer":    "new[ {level}] naming {peer} {after}/{before}:",
	"log.template_gone":        "gone {after}/{before}:",
	"log.template_gone_peer":   "gone, naming {peer} {after}/{before}:",
	"log.template_burst":       "more[ {level}] {after}/{before}:",
	"log.template_burst_peer":  "more[ {level}] naming {peer} {after}/{before}:",
	"log.warnings":             "warnings {after}/{before}",
	"log.errors":               "errors {after}/{before}",
	"log.silent":               "log silent {after}/{before}",
	"log.paused":               "log paused {after}/{before}",
	"log.complaint":            "{peer} complains of it {after}/{before}",
	"trace.self_time":          "{operation} itself slower {before}→{after} ({calls})",
	"trace.latency":            "{operation} slower {before}→{after} ({calls})",
	"trace.call_latency":       "{operation} on {peer} slower {before}→{after} ({calls})",
	"trace.call_latency_all":   "calls of {peer} slower {before}→{after} ({calls})",
	"trace.call_error":         "{operation} on {peer} fails {after} of {calls}, usual {before} of {calls_before}",
	"trace.call_error_all":     "calls of {peer} fail {after} of {calls}, usual {before} of {calls_before}",
	"trace.call_rate_up":       "{operation} on {peer} called more {after}/{before}",
	"trace.call_rate_up_all":   "{peer} called more {after}/{before}",
	"trace.call_rate_down":     "{operation} on {peer} called less {after}/{before}",
	"trace.call_rate_down_all": "{peer} called less {after}/{before}",
	"trace.call_amount":        "{operation} on {peer} {attribute} {after} in {calls}, usual {before} in {calls_before}",
	"trace.call_slow":          "calls {from}→{to} slower: {client_operation} {before}→{after} ({calls})",
	"trace.call_net":           "way {from}→{to} slower: {client_operation} {before}→{after}, at the one called {own_before}→{own_after}",
	"trace.statement_new":      "new statement on {peer} up to {worst}, {operation} usually {before}: {statement}",
	"trace.failures":           "{operation} fails {after} of {calls}, usual {before} of {calls_before}",
	"trace.absent":             "no spans {after}/{before}",
	"code.line_new":            "{operation} newly writes[ {level}] {after} in {calls}, usual {before} in {calls_before}:",
	"code.line_gone":           "{operation} stopped writing {after} in {calls}, usual {before} in {calls_before}:",
	"code.line_up":             "{operation} writes more {after} in {calls}, usual {before} in {calls_before}:",
	"code.line_down":           "{operation} writes less {after} in {calls}, usual {before} in {calls_before}:",
	"code.span_new":            "{operation} new step {span} {after} in {calls}, usual {before} in {calls_before}",
	"code.span_gone":           "{operation} lacks step {span} {after} in {calls}, usual {before} in {calls_before}",
	"code.span_up":             "{operation} more of step {span} {after} in {calls}, usual {before} in {calls_before}",
	"code.span_down":           "{operation} less of step {span} {after} in {calls}, usual {before} in {calls_before}",
	"code.call_new":            "{operation} newly calls {span}[ of {peer}] {after} in {calls}, usual {before} in {calls_before}",
	"code.call_gone":           "{operation} stopped calling {span}[ of {peer}] {after} in {calls}, usual {before} in {calls_before}",
	"code.call_up":             "{operation} calls more {span}[ of {peer}] {after} in {calls}, usual {before} in {calls_before}",
	"code.call_down":           "{operation} calls less {span}[ of {peer}] {after} in {calls}, usual {before} in {calls_before}",
	"alert.raised":             "alert {name}[ on {operation}]",
	"alert.between":            "alert {name} on {operation}, not slow where answered",
	"change.happened":          "{kind}[: {text}]",
	"change.text":              "{kind}[: {text}]",
	"evidence.solved":          "solved incidents of this system",
	"role.leads":               "leads {led} of {member} groups",
	"role.gained":              "became leader of {group} {at}",
	"role.lost":                "ceased to lead {group} {at}",
}

// template is the log template that an item shows in full, with a name for it.
func (it *item) template() (name, template string) {
	switch {
	case it.line != nil:
		return "", it.line.Template
	case len(it.evidence) > 0 && it.evidence[0].Kind == incident.Log:
		return string(it.evidence[0].ID), it.evidence[0].Name
	}
	return "", ""
}

// short is the row of an item, its onset counted from the begin of the window. A
// template that said knows by the ID of another row is named by it.
func (it *item) short(said map[string]string, from time.Time) string {
	_, template := it.template()
	if ref := said[template]; ref != "" {
		template = "as " + ref
	} else {
		template = clip(stars(clean(template)), templateTokens)
	}
	switch {
	case it.line != nil:
		return lineHead(it.line) + " " + template
	case it.series != nil:
		return it.series.short()
	}
	var b strings.Builder
	texts := map[string]bool{}
	for i, e := range it.evidence {
		say := worded(e)
		if i > 0 && (texts[say] || e.Kind == incident.Metric) {
			continue
		}
		texts[say] = true
		if i > 0 {
			b.WriteString(" also ")
		}
		b.WriteString(say)
	}
	row := b.String()
	if template != "" {
		row = strings.TrimSuffix(strings.ReplaceAll(row, ": also ", "; "), ":") + ": " + template
	}
	return ids(it.evidence) + " " + row + tail(it.evidence, from)
}

// ids lists the IDs of evidence, with the peers that the row does not name.
func ids(es []*incident.Evidence) string {
	var out []string
	for _, e := range es {
		s := string(e.ID)
		if e.Peer != "" && e.Kind == incident.Metric {
			s += "(about " + clean(string(e.Peer)) + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// tail is the shape, the onset in seconds after from, and the size.
func tail(es []*incident.Evidence, from time.Time) string {
	e, score := es[0], 0.
	for _, x := range es {
		score = max(score, x.Score)
	}
	s := ""
	if e.Shape != "" && e.Shape != incident.Flat && e.Shape != incident.Step && e.Shape != incident.Silent {
		s += " " + string(e.Shape)
	}
	if !e.Onset.IsZero() && !from.IsZero() {
		s += fmt.Sprintf(" %+.0f", e.Onset.To.Sub(from).Seconds())
	}
	if e.Kind == incident.Occurred {
		for _, word := range []string{string(e.Direction), string(e.Peer)} {
			if word != "" {
				s += " " + clean(word)
			}
		}
		return s
	}
	if score > 0 {
		s += fmt.Sprintf(" z%.0f", math.Min(score, 9999))
	}
	return s
}

// worded is the short form of evidence without its template.
func worded(e *incident.Evidence) string {
	shape, ok := shapes[e.Text.Key]
	if !ok {
		return unknown(e)
	}
	values := map[string]string{}
	for _, a := range e.Text.Args {
		values[a.Name] = clip(stars(clean(a.Value)), templateTokens)
	}
	return fill(shape, values)
}

// unknown words evidence whose text has no short form: by what it measures.
func unknown(e *incident.Evidence) string {
	s := clip(stars(clean(e.Name)), templateTokens)
	for _, a := range e.Text.Args {
		if v := clip(stars(clean(a.Value)), templateTokens); v != s {
			s += " " + a.Name + "=" + v
		}
	}
	if s == "" {
		s = e.Text.Key
	}
	return strings.TrimSpace(s + " " + string(e.Direction))
}

// fill puts values into the braces of a shape.
func fill(shape string, values map[string]string) string {
	var b strings.Builder
	for shape != "" {
		before, rest, found := strings.Cut(shape, "[")
		s, _ := fillPart(before, values)
		b.WriteString(s)
		if !found {
			break
		}
		inside, after, _ := strings.Cut(rest, "]")
		if s, whole := fillPart(inside, values); whole {
			b.WriteString(s)
		}
		shape = after
	}
	return b.String()
}

// fillPart fills in what holds no brackets, and reports whether no value was
// missing.
func fillPart(s string, values map[string]string) (string, bool) {
	var b strings.Builder
	whole := true
	for {
		before, rest, found := strings.Cut(s, "{")
		b.WriteString(before)
		if !found {
			return b.String(), whole
		}
		name, after, _ := strings.Cut(rest, "}")
		whole = whole && values[name] != ""
		b.WriteString(values[name])
		s = after
	}
}

// lineHead is what happened to a template, how often, and its level.
func lineHead(l *compress.Line) string {
	s := "line"
	switch l.Change.Kind {
	case compress.New, compress.Vanished:
		s = string(l.Change.Kind)
	case compress.Burst:
		s = "more"
	case compress.Drop:
		s = "fewer"
	case compress.Steady:
	}
	if l.Level >= telemetry.Warn {
		s += " " + l.Level.String()
	}
	return fmt.Sprintf("%s %d/%d:", s, l.Count, l.Change.Baseline)
}

// short is a metric that moved.
func (s *Series) short() string {
	c := &s.Change
	name := clip(clean(s.Name), templateTokens)
	if c.Samples == 0 {
		return name + " silent"
	}
	after := c.WindowMedian
	if math.Abs(c.Shift) < evidence.Noticed {
		after = c.WindowPeak
	}
	text := fmt.Sprintf("%s %s→%s", name, evidence.Format(c.BaselineMedian, s.Unit), evidence.Format(after, s.Unit))
	return fmt.Sprintf("%s z%.0f", text, math.Min(math.Abs(c.Score), 9999))
}

// stars writes the variable parts of a template as one character.
func stars(s string) string { return strings.ReplaceAll(s, compress.Wild, "*") }

// clip cuts a text to a number of tokens. No token is longer than 16 bytes.
func clip(s string, tokens int) string {
	if compress.Tokens(s) <= tokens {
		return s
	}
	runes := []rune(s[:min(len(s), 16*tokens)])
	n := sort.Search(len(runes), func(n int) bool { return compress.Tokens(string(runes[:n+1])) >= tokens })
	return strings.ToValidUTF8(string(runes[:n]), "") + "…"
}

// clean takes out of foreign text what could break a line or hide in it.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
}
