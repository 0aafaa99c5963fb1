package store

import (
	"context"
	"strings"

	"triagent/incident"
	"triagent/internal/errs"
)

// sorts are the columns that incidents may be sorted by.
var sorts = map[string]string{
	"opened":   "opened",
	"updated":  "updated",
	"started":  "started",
	"severity": "severity",
	"number":   "number",
}

// Incidents returns one page of the incidents that f chooses. A cursor or sort
// that is none gives kind errs.Invalid.
func (s *Store) Incidents(ctx context.Context, f Filter) (Page, error) {
	page := Page{Items: []Incident{}, Total: -1}
	order := f.Sort
	if order == "" {
		order = "-opened"
	}
	name, down := strings.CutPrefix(order, "-")
	by, ok := sorts[name]
	if !ok {
		return page, errs.New(errs.Invalid, "incidents cannot be sorted by %q: use opened, updated, started, severity or number", clip(f.Sort, 50))
	}
	w := f.where()
	if err := s.narrow(ctx, f, &w); err != nil {
		return page, kinded("search incidents", err)
	}
	if f.CountUpTo > 0 {
		if err := s.count(ctx, w, f.CountUpTo, &page); err != nil {
			return page, kinded("count incidents", err)
		}
	}
	compare, direction := ">", "ASC"
	if down {
		compare, direction = "<", "DESC"
	}
	if f.After != "" {
		c, err := readCursor(f.After, order)
		if err != nil {
			return page, err
		}
		w.and("("+by+", number) "+compare+" (?, ?)", c.Key, c.ID)
	}
	limit := limitOf(f.Limit)
	query := `SELECT number, version, ` + by + ` FROM incidents` + w.sql() +
		` ORDER BY ` + by + ` ` + direction + `, number ` + direction + ` LIMIT ` + w.bind(limit+1)
	keys, err := all(scanKey)(s.rows(ctx, query, w.args...))
	if err != nil {
		return page, kinded("list incidents", err)
	}
	if len(keys) > limit {
		keys = keys[:limit]
		last := keys[limit-1]
		page.Next = cursor{order, last.by, last.number}.String()
	}
	items, err := s.incidents(ctx, keys)
	page.Items = append(page.Items, items...)
	return page, kinded("list incidents", err)
}

// count fills how many incidents w chooses, up to a bound.
func (s *Store) count(ctx context.Context, w where, most int, page *Page) error {
	w = w.clone()
	query := `SELECT COUNT(*) FROM (SELECT 1 FROM incidents` + w.sql() + ` LIMIT ` + w.bind(most+1) + `) AS found`
	if err := s.row(ctx, query, w.args...).Scan(&page.Total); err != nil {
		return err
	}
	if page.Total > most {
		page.Total, page.More = most, true
	}
	return nil
}

// where is what f asks, without the cursor.
func (f Filter) where() where {
	var w where
	// Few incidents are open, so that finding those by their index and sorting
	// them is best. Any other status or severity is that of many: an index on it
	// would have all of them read and sorted, where the index of the order yields
	// a page after a few. An expression keeps SQLite from taking it.
	status := "status || ''"
	if len(f.Status) == 1 && f.Status[0] == Open {
		status = "status"
	}
	in(&w, status, f.Status, func(v Status) any { return string(v) })
	in(&w, "progress", f.Progress, func(v Progress) any { return string(v) })
	in(&w, "severity + 0", f.Severity, func(v Severity) any { return int64(v) })
	in(&w, "verdict", f.Verdict, func(v incident.Verdict) any { return string(v) })
	for _, c := range [][2]string{
		{"system = ?", f.System},
		{"fault = ?", f.Fault},
		{"source = ?", f.Source},
		{"assignee = ?", f.Assignee},
		{"number IN (SELECT incident FROM incident_nodes WHERE node = ?)", f.Node},
	} {
		if c[1] != "" {
			w.and(c[0], c[1])
		}
	}
	if !f.From.IsZero() {
		w.and("started >= ?", nanos(f.From))
	}
	if !f.To.IsZero() {
		w.and("started < ?", nanos(f.To))
	}
	if f.Case {
		w.and("is_case = 1")
	}
	for _, word := range words(f.Text) {
		if number, ok := incidentNumber(strings.ToLower(word)); ok {
			w.and("number = ?", number)
			continue
		}
		w.and(`search LIKE ? ESCAPE '\'`, pattern(word))
	}
	return w
}

const openIncidents = `SELECT ` + incidentColumns + ` FROM incidents WHERE status = 'open' ORDER BY opened DESC, number DESC LIMIT 10000`

// OpenIncidents returns the open incidents, newest first, at most 10,000.
func (s *Store) OpenIncidents(ctx context.Context) ([]Incident, error) {
	items, err := all(scanIncident)(s.rows(ctx, openIncidents))
	return items, kinded("list open incidents", err)
}
