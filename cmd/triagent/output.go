package main

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"triagent/internal/whole"
	"triagent/report"
)

// output turns results, which come in order, into what the user asked for.
type output struct {
	cmd     *diagnoseCmd
	w       world
	options report.Options
	results []report.Result // kept where the form needs them all
	n       int             // results so far
	to      io.Writer       // where the form goes
	held    *bytes.Buffer   // set where it may not be shown before the end
	file    *whole.File     // set where it goes to a file
	folder  *folder         // set where reports are wanted
}

func newOutput(c *diagnoseCmd, w world, words report.Words, bundles int) (*output, error) {
	o := &output{cmd: c, w: w, to: w.stdout}
	o.options = report.Options{Lang: report.Lang(c.Lang), Words: words}
	if c.Out == "" {
		o.options.Colour, o.options.Width = w.colours(w.stdout), columns(w.stdout)
	}
	if c.Out != "" {
		f, err := whole.Create(c.Out)
		if err != nil {
			return nil, badOutput(c.Out, err)
		}
		o.file, o.to = f, f
	} else if bundles == 1 || terminal(w.stdout) && terminal(w.stderr) {
		// A bar and results would write over one another, and a single
		// result is shown whole or not at all.
		o.held = &bytes.Buffer{}
		o.to = o.held
	}
	if c.Reports != "" {
		f, err := newFolder(c.Reports)
		if err != nil {
			o.discard()
			return nil, badOutput(c.Reports, err)
		}
		o.folder = f
	}
	return o, nil
}

// formEvidence is the form that is made of the bundle as well as of the
// diagnosis.
const formEvidence = "evidence"

// add takes the next result.
func (o *output) add(r outcome) error {
	if o.folder != nil {
		var err error
		if r.Link, err = o.folder.write(r.Result, o.options); err != nil {
			return err
		}
	}
	o.n++
	switch o.cmd.Format {
	case "html", "table":
		o.results = append(o.results, r.Result)
		return nil
	}
	if o.folder != nil {
		o.results = append(o.results, r.Result)
	}
	return o.write(r)
}

// write writes a result in a form that goes on one by one. One that failed is a
// line of JSON; of the other forms it is left out, since its message went to
// standard error.
func (o *output) write(r outcome) error {
	switch failed := r.Failed(); {
	case failed && o.cmd.Format == "json":
		return o.line(report.EncodeFailure(r.Diagnosis.Incident.ID, r.Err))
	case failed:
		return nil
	case o.cmd.Format == "json":
		return o.line(report.Encode(r.Diagnosis, o.options))
	}
	if o.n > 1 {
		rule := "\n" + strings.Repeat("─", 40) + "\n\n"
		if o.cmd.Format == "markdown" {
			rule = "\n---\n\n"
		}
		if _, err := io.WriteString(o.to, rule); err != nil {
			return o.wrote(err)
		}
	}
	switch o.cmd.Format {
	case formEvidence:
		_, err := io.WriteString(o.to, r.text)
		return o.wrote(err)
	case "markdown":
		return o.wrote(report.Markdown(o.to, r.Diagnosis, o.options))
	}
	return o.wrote(report.Text(o.to, r.Diagnosis, o.options))
}

// line writes a line of JSON.
func (o *output) line(b []byte, err error) error {
	if err != nil {
		return err
	}
	_, err = o.to.Write(append(b, '\n'))
	return o.wrote(err)
}

func (o *output) wrote(err error) error {
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// finish writes the forms that need all results, and makes files and what was
// held visible. Without show, a result that is nothing but a failure is not.
func (o *output) finish(show bool) error {
	if !show {
		return nil
	}
	var err error
	switch o.cmd.Format {
	case "html":
		err = report.HTML(o.to, o.results, o.options)
	case "table":
		err = report.Table(o.to, o.results, o.options)
	}
	if err != nil {
		return o.wrote(err)
	}
	if o.held != nil {
		if _, err := o.held.WriteTo(o.w.stdout); err != nil {
			return o.wrote(err)
		}
	}
	if o.file != nil {
		if err := o.file.Commit(); err != nil {
			return notWritten(o.cmd.Out, err)
		}
	}
	if o.folder == nil {
		return nil
	}
	index, err := o.folder.index(o.results, o.options)
	if err != nil {
		return err
	}
	to := o.w.stderr
	if o.cmd.Format == "table" && o.cmd.Out == "" {
		to = o.w.stdout
	}
	_, err = fmt.Fprintf(to, "\nHTML reports: %s\n", index)
	return o.wrote(err)
}

// discard leaves no half-written file. It does nothing after a finish.
func (o *output) discard() {
	if o.file != nil {
		o.file.Discard()
	}
}

// folder is where HTML reports go, one an incident.
type folder struct {
	dir   string
	taken map[string]bool
}

// write writes the report of one result and returns the name of its file.
func (f *folder) write(r report.Result, o report.Options) (string, error) {
	name := f.name(string(r.Diagnosis.Incident.ID))
	o.Colour = false
	path := filepath.Join(f.dir, name)
	return name, writeWhole(path, func(w io.Writer) error { return report.HTML(w, []report.Result{r}, o) })
}

// index writes the overview and returns its path.
func (f *folder) index(results []report.Result, o report.Options) (string, error) {
	path := filepath.Join(f.dir, "index.html")
	return path, writeWhole(path, func(w io.Writer) error { return report.HTMLIndex(w, results, o) })
}

// name makes a file name of an ID, which is foreign text, and of no two the
// same.
func (f *folder) name(id string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '_'
	}, id)
	safe = strings.TrimLeft(safe, ".")
	if safe == "" || len(safe) > 120 {
		safe = "incident"
	}
	name := safe + ".html"
	for i := 2; f.taken[strings.ToLower(name)]; i++ {
		name = fmt.Sprintf("%s-%d.html", safe, i)
	}
	f.taken[strings.ToLower(name)] = true
	return name
}
