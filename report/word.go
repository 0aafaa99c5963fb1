package report

import (
	"strings"

	"triagent/incident"
	"triagent/report/phrases"
)

// Word words a text in the reader's language. An unknown key is shown as
// itself with its arguments, so that a missing phrase costs style and no
// content. Arguments are put in as they are: each renderer escapes the whole.
func (o Options) Word(t incident.Text) string {
	if t.Key == "" {
		return ""
	}
	s, ok := o.phrase(t.Key)
	if !ok {
		return unknown(t)
	}
	return fill(s, t.Args, func(a incident.Arg) string {
		if !a.Phrase {
			return a.Value
		}
		if p, ok := o.phrase(a.Value); ok {
			return fill(p, t.Args, func(a incident.Arg) string { return a.Value })
		}
		return a.Value
	})
}

// say words a phrase of the catalogue from alternating names and values.
func (o Options) say(key string, pairs ...string) string {
	return o.Word(incident.Say(key, pairs...))
}

// name words a value of a vocabulary, as name("fault", "disk_full"). A value
// without a phrase names itself.
func (o Options) name(family, value string) string {
	if value == "" {
		return ""
	}
	if s, ok := o.phrase(family + "." + value); ok {
		return s
	}
	return value
}

// phraseOr words s if it is the key of a phrase; any other text is shown as is.
func (o Options) phraseOr(s string) string {
	if p, ok := o.phrase(s); ok {
		return p
	}
	return s
}

func (o Options) phrase(key string) (string, bool) {
	lang := o.Lang
	if lang == "" {
		lang = English
	}
	if o.Words != nil {
		if s, ok := o.Words(string(lang), key); ok {
			return s, true
		}
	}
	p, ok := phrases.Find(key)
	if lang == Chinese {
		return p.ZH, ok
	}
	return p.EN, ok
}

// fill puts arguments into the braces of a phrase. Braces that name no argument
// stay as they are; arguments are not looked into.
func fill(s string, args []incident.Arg, value func(incident.Arg) string) string {
	if !strings.Contains(s, "{") {
		return s
	}
	var b strings.Builder
	for {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			break
		}
		end := strings.IndexByte(s[open:], '}')
		if end < 0 {
			break
		}
		end += open
		b.WriteString(s[:open])
		if a, ok := find(args, s[open+1:end]); ok {
			b.WriteString(value(a))
		} else {
			b.WriteString(s[open : end+1])
		}
		s = s[end+1:]
	}
	b.WriteString(s)
	return b.String()
}

func find(args []incident.Arg, name string) (incident.Arg, bool) {
	for _, a := range args {
		if a.Name == name {
			return a, true
		}
	}
	return incident.Arg{}, false
}

func unknown(t incident.Text) string {
	parts := []string{t.Key}
	for _, a := range t.Args {
		parts = append(parts, a.Name+"="+a.Value)
	}
	return strings.Join(parts, " ")
}
