package api

import (
	"strings"

	"triagent/api/wire"
	"triagent/report"
)

// Spoken is the part of a request that says which language to answer in.
type Spoken struct {
	Lang   string `query:"lang" enum:"en,zh" doc:"Language of worded texts; else that of Accept-Language"`
	Accept string `header:"Accept-Language" maxLength:"1000"`
}

// langOf chooses the language: what was asked for, else the first known one of
// the header, else English. Weights are passed over: browsers list in order.
func langOf(asked, accept string) report.Lang {
	if asked != "" {
		if asked == string(report.Chinese) {
			return report.Chinese
		}
		return report.English
	}
	for part := range strings.SplitSeq(accept, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(strings.ToLower(part)), ";")
		primary, _, _ := strings.Cut(tag, "-")
		switch primary {
		case "zh":
			return report.Chinese
		case "en":
			return report.English
		}
	}
	return report.English
}

func (s *Server) words(in Spoken) wire.Words { return s.wordsIn(langOf(in.Lang, in.Accept)) }

func (s *Server) wordsIn(lang report.Lang) wire.Words {
	o := report.Options{Lang: lang}
	if s.c.Knowledge != nil {
		o.Words = s.c.Knowledge.Word
	}
	return o
}

// langs are the languages that events are worded in.
var langs = []report.Lang{report.English, report.Chinese}
