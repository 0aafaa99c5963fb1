package meta

import (
	"path"
	"strings"

	"triagent/incident"
	"triagent/telemetry"
)

// part is a column of a member of the bundle, or all of it.
type part struct{ file, column string }

// asked is by which query each part of a bundle was come by.
type asked map[part]string

// questions puts the queries of a bundle in order; nil if it has none.
func questions(b *telemetry.Bundle) asked {
	if len(b.Collected.Queries) == 0 {
		return nil
	}
	a := make(asked, len(b.Collected.Queries))
	for _, q := range b.Collected.Queries {
		a[part{plain(q.File), q.Column}] = q.Text
	}
	return a
}

// cite gives the query that evidence came by, in place of the selector within
// its file; a column by its own query, what has none by that of its file.
func (a asked) cite(s incident.Source) incident.Source {
	file := plain(s.File)
	if q, ok := a[part{file, s.Query}]; ok {
		s.Query = q
	} else if q, ok := a[part{file, ""}]; ok && s.Query == "" {
		s.Query = q
	}
	return s
}

// plain is the name of a member without its endings.
func plain(file string) string {
	file = strings.TrimSuffix(strings.TrimSuffix(file, ".gz"), ".zst")
	return strings.TrimSuffix(file, path.Ext(file))
}
