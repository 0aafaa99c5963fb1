package email

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"sync"

	gomail "github.com/wneessen/go-mail"

	"triagent/connectors"
	"triagent/connectors/outgoing"
	"triagent/internal/errs"
)

//go:embed mail.tmpl
var page string

var layout = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("mail").Parse(page))
})

// compose makes the mail and its ID.
func (s *sender) compose(m connectors.Message, before connectors.Receipt, to []string) (*gomail.Msg, connectors.Receipt, error) {
	bad := func(err error) (*gomail.Msg, connectors.Receipt, error) {
		return nil, "", errs.New(errs.Invalid, "mail: %v", err)
	}
	msg := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8))
	if err := msg.From(s.Server.From); err != nil {
		return bad(err)
	}
	if err := msg.To(to...); err != nil {
		return bad(err)
	}
	m = clean(m)
	id := s.id(m.ID)
	msg.Subject(m.Title)
	msg.SetMessageIDWithValue(strings.Trim(id, "<>"))
	msg.SetDateWithValue(m.At)
	s.thread(msg, m, id, before)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetGenHeader("X-Triagent-Event", m.Kind)
	if m.Severity == "critical" {
		msg.SetImportance(gomail.ImportanceHigh)
	}
	msg.SetBodyString(gomail.TypeTextPlain, text(m))
	var html bytes.Buffer
	if err := layout().Execute(&html, view{m, colour(m)}); err != nil {
		return bad(err)
	}
	msg.AddAlternativeString(gomail.TypeTextHTML, html.String())
	return msg, connectors.Receipt(id), nil
}

// thread makes all mails about one incident one thread: they refer to the
// first mail, and to an ID of the incident in case the first never came.
func (s *sender) thread(msg *gomail.Msg, m connectors.Message, id string, before connectors.Receipt) {
	if m.Incident == "" {
		return
	}
	refs := s.id("thread-" + m.Incident)
	if first := string(before); strings.HasPrefix(first, "<") && strings.HasSuffix(first, ">") && first != id {
		msg.SetGenHeaderPreformatted("In-Reply-To", first)
		refs += " " + first
	}
	msg.SetGenHeaderPreformatted("References", refs)
}

// id makes a Message-ID.
func (s *sender) id(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, name)
	return "<" + outgoing.Clip(name, 100) + ".triagent@" + s.domain + ">"
}

// clean bounds what a mail shows.
func clean(m connectors.Message) connectors.Message {
	m.Title = outgoing.Clip(outgoing.Line(m.Title), 200)
	m.Text = outgoing.Clip(outgoing.Clean(m.Text), 10_000)
	fields := make([]connectors.Field, 0, len(m.Fields))
	for _, f := range m.Fields[:min(len(m.Fields), 30)] {
		fields = append(fields, connectors.Field{Name: outgoing.Clip(outgoing.Line(f.Name), 100), Value: outgoing.Clip(outgoing.Line(f.Value), 1000)})
	}
	steps := make([]string, 0, len(m.Steps))
	for _, step := range m.Steps[:min(len(m.Steps), 30)] {
		steps = append(steps, outgoing.Clip(outgoing.Line(step), 1000))
	}
	m.Fields, m.Steps, m.URL = fields, steps, outgoing.Link(m.URL)
	return m
}

func text(m connectors.Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", m.Title, m.Text)
	if len(m.Fields) > 0 {
		b.WriteString("\n")
	}
	for _, f := range m.Fields {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	if len(m.Steps) > 0 {
		b.WriteString("\n")
	}
	for i, step := range m.Steps {
		fmt.Fprintf(&b, "%d. %s\n", i+1, step)
	}
	if m.URL != "" {
		fmt.Fprintf(&b, "\n%s\n", m.URL)
	}
	return b.String()
}

type view struct {
	connectors.Message
	Colour string
}

func colour(m connectors.Message) string {
	switch {
	case m.Status == "resolved":
		return "#2e7d32"
	case m.Severity == "critical":
		return "#c62828"
	case m.Severity == "major":
		return "#ef6c00"
	case m.Severity == "warning":
		return "#b26a00"
	}
	return "#1565c0"
}
