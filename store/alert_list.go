package store

import "context"

const alertColumns = `id, incident, source, fingerprint, name, severity, node, peer, system, labels, annotations, url, starts, ends, received, last, count`

func scanAlert(row scanner) (a Alert, err error) {
	var number, severity, starts, ends, received, last int64
	var labels, annotations string
	err = row.Scan(&a.ID, &number, &a.Source, &a.Fingerprint, &a.Name, &severity, &a.Node, &a.Peer, &a.System,
		&labels, &annotations, &a.URL, &starts, &ends, &received, &last, &a.Count)
	if err != nil {
		return a, err
	}
	a.Incident, a.Severity = incidentID(number), Severity(severity)
	a.Starts, a.Ends, a.Received, a.Last = moment(starts), moment(ends), moment(received), moment(last)
	if a.Labels, err = parsed[map[string]string](labels); err != nil {
		return a, err
	}
	a.Annotations, err = parsed[map[string]string](annotations)
	return a, err
}

// Alerts returns one page of the alerts that f chooses, those that began last
// first, and the cursor of the next page; empty: this is the last.
func (s *Store) Alerts(ctx context.Context, f AlertFilter) ([]Alert, string, error) {
	var before *cursor
	if f.After != "" {
		c, err := readCursor(f.After, "alerts")
		if err != nil {
			return nil, "", err
		}
		before = &c
	}
	w, err := f.where(before)
	if err != nil {
		return nil, "", err
	}
	limit := limitOf(f.Limit)
	out, err := s.alerts(ctx, f, w, before, limit+1)
	if err != nil {
		return nil, "", kinded("list alerts", err)
	}
	if len(out) <= limit {
		return out, "", nil
	}
	last := out[limit-1]
	return out[:limit], cursor{"alerts", nanos(last.Starts), last.ID}.String(), nil
}

// alerts runs the query of Alerts. Words are looked up in memory; where that
// does not settle it, the table is read.
func (s *Store) alerts(ctx context.Context, f AlertFilter, w where, before *cursor, n int) ([]Alert, error) {
	sought := words(f.Text)
	if len(sought) > 0 {
		narrowed := w.clone()
		whole, ok, err := s.found(ctx, f, &narrowed, before)
		if err != nil {
			return nil, err
		}
		if ok {
			out, err := s.queryAlerts(ctx, narrowed, n)
			if err != nil || whole || len(out) >= n {
				return out, err
			}
		}
	}
	for _, word := range sought {
		w.and(`search LIKE ? ESCAPE '\'`, pattern(word))
	}
	return s.queryAlerts(ctx, w, n)
}

func (s *Store) queryAlerts(ctx context.Context, w where, n int) ([]Alert, error) {
	query := `SELECT ` + alertColumns + ` FROM alerts` + w.sql() + ` ORDER BY starts DESC, id DESC LIMIT ` + w.bind(n)
	return all(scanAlert)(s.rows(ctx, query, w.args...))
}

// where is what f asks beside its words.
func (f AlertFilter) where(before *cursor) (w where, err error) {
	if f.Incident != "" {
		number, err := numberOf(f.Incident)
		if err != nil {
			return w, err
		}
		w.and("incident = ?", number)
	}
	for _, c := range [][2]string{{"node = ?", f.Node}, {"source = ?", f.Source}} {
		if c[1] != "" {
			w.and(c[0], c[1])
		}
	}
	if f.Firing {
		w.and("ends = 0")
	}
	if !f.From.IsZero() {
		w.and("starts >= ?", nanos(f.From))
	}
	if !f.To.IsZero() {
		w.and("starts < ?", nanos(f.To))
	}
	if before != nil {
		w.and("(starts, id) < (?, ?)", before.Key, before.ID)
	}
	return w, nil
}
