package slack

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"triagent/connectors"
	"triagent/connectors/outgoing"
)

// What Slack takes: 150 characters of a header, 3,000 of a section, 2,000 of a
// field, ten fields of a section, 50 blocks, and about 13,000 characters of all
// blocks together.
const (
	maxHeader  = 150
	maxSection = 2900
	maxField   = 300
	maxFields  = 10
	maxSteps   = 5800
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
func blocks(m connectors.Message) []slack.Block {
	out := []slack.Block{slack.NewHeaderBlock(plain(outgoing.Line(mark(m)+m.Title), maxHeader))}
	if m.Text != "" {
		out = append(out, slack.NewSectionBlock(plain(m.Text, maxSection), nil, nil))
	}
	var fields []*slack.TextBlockObject
	for _, f := range m.Fields[:min(len(m.Fields), maxFields)] {
		fields = append(fields, plain(outgoing.Line(f.Name)+"\n"+outgoing.Line(f.Value), maxField))
	}
	if len(fields) > 0 {
		out = append(out, slack.NewSectionBlock(nil, fields, nil))
	}
	out = append(out, steps(m)...)
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

// detail lays out what happened, for the thread.
func detail(m connectors.Message) []slack.Block {
	text := outgoing.Line(m.Title)
	if m.Text != "" {
		text += "\n" + outgoing.Clean(m.Text)
	}
	return append([]slack.Block{slack.NewSectionBlock(plain(text, maxSection), nil, nil)}, steps(m)...)
}

// steps lays out what to do, in as many sections as needed and at most maxSteps
// characters.
func steps(m connectors.Message) []slack.Block {
	var out []slack.Block
	var b strings.Builder
	total := 0
	flush := func() {
		if b.Len() > 0 {
			out = append(out, slack.NewSectionBlock(plain(b.String(), maxSection), nil, nil))
			b.Reset()
		}
	}
	for i, step := range m.Steps {
		line := fmt.Sprintf("%d. %s\n", i+1, outgoing.Clip(outgoing.Line(step), 1000))
		n := len([]rune(outgoing.Inert(line)))
		if total += n; total > maxSteps {
			break
		}
		if len([]rune(outgoing.Inert(b.String())))+n > maxSection {
			flush()
		}
		b.WriteString(line)
	}
	flush()
	return out
}
