package slack

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"triagent/connectors"
	"triagent/connectors/outgoing"
)

// What Slack takes: 150 characters of a header, 3,000 of a section, 2,000 of a
// field, ten fields of a section, 50 blocks, and about 13,000 characters of all
// blocks together, as JSON.
const (
	maxHeader  = 150
	maxSection = 2900
	maxField   = 300
	maxFields  = 10
	maxJSON    = 12_000
)

// All foreign text stands in plain_text elements without emoji, where Slack
// looks for neither markup nor mentions nor links.
func plain(s string, limit int) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, outgoing.Clip(outgoing.Inert(s), limit), false, false)
}

// fallback is what notifications show. Slack reads it as mrkdwn, so it is
// escaped as Slack asks for, and its marks are kept apart from words.
func fallback(m connectors.Message) string {
	s := outgoing.Clip(outgoing.Inert(outgoing.Line(mark(m)+m.Title)), 300)
	return escape.Replace(s)
}

var escape = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;",
	"*", outgoing.Gap+"*"+outgoing.Gap, "_", outgoing.Gap+"_"+outgoing.Gap, "~", outgoing.Gap+"~"+outgoing.Gap, "`", outgoing.Gap+"`"+outgoing.Gap,
)

func mark(m connectors.Message) string {
	switch {
	case m.Status == "resolved":
		return "✅ "
	case m.Severity == "critical":
		return "🔴 "
	case m.Severity == "major":
		return "🟠 "
	case m.Severity == "warning":
		return "🟡 "
	case m.Severity == "info":
		return "🔵 "
	}
	return ""
}

// blocks lays out the message about an incident as it stands.
func blocks(m connectors.Message) []slack.Block { return within(m, whole) }

// detail lays out what happened, for the thread.
func detail(m connectors.Message) []slack.Block { return within(m, told) }

// within lays out with shorter texts until Slack takes it.
func within(m connectors.Message, lay func(connectors.Message, int) []slack.Block) []slack.Block {
	for limit := maxSection; ; limit /= 2 {
		out := lay(m, limit)
		if b, err := json.Marshal(out); err == nil && len(b) <= maxJSON || limit < 100 {
			return out
		}
	}
}

// whole lays out the message with at most limit characters in each text.
func whole(m connectors.Message, limit int) []slack.Block {
	out := []slack.Block{slack.NewHeaderBlock(plain(outgoing.Line(mark(m)+m.Title), maxHeader))}
	if m.Text != "" {
		out = append(out, slack.NewSectionBlock(plain(m.Text, limit), nil, nil))
	}
	var fields []*slack.TextBlockObject
	for _, f := range m.Fields[:min(len(m.Fields), maxFields)] {
		fields = append(fields, plain(outgoing.Line(f.Name)+"\n"+outgoing.Line(f.Value), min(maxField, limit)))
	}
	if len(fields) > 0 {
		out = append(out, slack.NewSectionBlock(nil, fields, nil))
	}
	out = append(out, steps(m, limit)...)
	if link := outgoing.Link(m.URL); link != "" {
		name := m.Incident
		if name == "" {
			name = "Triagent"
		}
		button := slack.NewButtonBlockElement("open", "open", plain(name, 70)).WithURL(link)
		out = append(out, slack.NewActionBlock("", button))
	}
	return out
}

// told lays out what happened, with at most limit characters in each text.
func told(m connectors.Message, limit int) []slack.Block {
	text := outgoing.Line(m.Title)
	if m.Text != "" {
		text += "\n" + outgoing.Clean(m.Text)
	}
	return append([]slack.Block{slack.NewSectionBlock(plain(text, limit), nil, nil)}, steps(m, limit)...)
}

// steps lays out what to do, in at most two sections of limit characters.
func steps(m connectors.Message, limit int) []slack.Block {
	var out []slack.Block
	var section string
	flush := func() {
		if section != "" {
			out = append(out, slack.NewSectionBlock(plain(section, limit), nil, nil))
			section = ""
		}
	}
	for i, step := range m.Steps {
		line := fmt.Sprintf("%d. %s\n", i+1, outgoing.Clip(outgoing.Line(step), limit/3))
		if utf8.RuneCountInString(outgoing.Inert(section+line)) > limit {
			if flush(); len(out) == 2 {
				return out
			}
		}
		section += line
	}
	flush()
	return out
}
