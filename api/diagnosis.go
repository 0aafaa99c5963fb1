package api

import (
	"bytes"
	"context"
	"fmt"

	"triagent/internal/errs"
	"triagent/report"
)

type diagnosisIn struct {
	Named
	Spoken

	Format  string `query:"format" enum:"json,markdown,html,text" default:"json"`
	Attempt int    `query:"attempt" minimum:"0" maximum:"1000000" doc:"0: the last finished one"`
}

type fileOut struct {
	ContentType string `header:"Content-Type"`
	Policy      string `header:"Content-Security-Policy"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

// reportCSP is for the report as a page of its own: it brings its style and
// loads nothing.
const reportCSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

func (s *Server) getDiagnosis(ctx context.Context, in *diagnosisIn) (*fileOut, error) {
	i, err := s.c.Store.Incident(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	d, err := s.c.Store.Diagnosis(ctx, i.ID, in.Attempt)
	if errs.KindOf(err) == errs.NotFound {
		return nil, &errs.Error{
			Kind: errs.NotFound, Err: fmt.Errorf("incident %s has no finished diagnosis: it is %s", i.ID, i.Progress),
			Remedy: "follow /api/v1/incidents/" + i.ID + "/events until it is done",
		}
	}
	if err != nil {
		return nil, err
	}
	o := s.words(in.Spoken)
	var b bytes.Buffer
	out := &fileOut{Policy: csp}
	name := i.ID
	switch in.Format {
	case "markdown":
		out.ContentType, name = "text/markdown; charset=utf-8", name+".md"
		err = report.Markdown(&b, d, o)
	case "html":
		out.ContentType, out.Policy, name = "text/html; charset=utf-8", reportCSP, name+".html"
		err = report.HTML(&b, []report.Result{{Diagnosis: d}}, o)
	case "text":
		out.ContentType, name = "text/plain; charset=utf-8", name+".txt"
		err = report.Text(&b, d, o)
	default:
		out.ContentType, name = "application/json", name+".json"
		var line []byte
		line, err = report.Encode(d, o)
		b.Write(append(line, '\n'))
	}
	if err != nil {
		return nil, err
	}
	out.Disposition, out.Body = `inline; filename="`+name+`"`, b.Bytes()
	return out, nil
}
