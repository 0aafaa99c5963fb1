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
		if strings.HasSuffix(a.Value, ".") {
			return "" // a family without a member: there is no value
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

// Name words a value of a vocabulary, as Name("fault", "disk_full"). A value
// without a phrase names itself.
func (o Options) Name(family, value string) string { return o.name(family, value) }

func (o Options) name(family, value string) string {
	if value == "" {
		return ""
	}
	if s, ok := o.phrase(family + "." + value); ok {
		return s
	}
	return value
}

// plain words a text that others hand out in plain English, or as the key of a
// phrase; what has no wording is shown as is.
func (o Options) plain(s string) string {
	if p, ok := o.phrase(s); ok {
		return p
	}
	if o.Lang == Chinese {
		if zh, ok := phrases.Plain(s); ok {
			return zh
		}
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

// fill puts arguments into the braces of a phrase, and leaves out what stands
// in brackets where an argument in it is missing or empty. "{n|node|nodes}" is
// the form that agrees with the count n. Other braces that name no argument
// stay as they are; arguments are not looked into.
func fill(s string, args []incident.Arg, value func(incident.Arg) string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "[")
		inside, after, closed := strings.Cut(rest, "]")
		if !found || !closed {
			part, _ := fillPart(s, args, value)
			b.WriteString(part)
			return b.String()
		}
		part, _ := fillPart(before, args, value)
		b.WriteString(part)
		if part, whole := fillPart(inside, args, value); whole {
			b.WriteString(part)
		}
		s = after
	}
}

// fillPart fills a text without brackets; whole is false if an argument was
// missing or empty.
func fillPart(s string, args []incident.Arg, value func(incident.Arg) string) (out string, whole bool) {
	if !strings.Contains(s, "{") {
		return s, true
	}
	var b strings.Builder
	whole = true
	for {
		before, rest, found := strings.Cut(s, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			b.WriteString(s)
			return b.String(), whole
		}
		b.WriteString(before)
		name, forms, plural := strings.Cut(name, "|")
		a, ok := find(args, name)
		v := ""
		if plural {
			b.WriteString(agree(forms, a.Value))
			whole, s = whole && ok, after
			continue
		}
		if ok {
			v = value(a)
			b.WriteString(v)
		} else {
			b.WriteString("{" + name + "}")
		}
		whole = whole && v != ""
		s = after
	}
}

// agree picks the one of two forms, as "node|nodes", that agrees with a count.
func agree(forms, count string) string {
	one, many, _ := strings.Cut(forms, "|")
	if count == "1" {
		return one
	}
	return many
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
