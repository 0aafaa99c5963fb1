package postgresql

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// statementRow is one statement as pg_stat_statements counts it, of all users
// and databases together.
type statementRow struct {
	id                 int64
	calls, total, rows float64 // total in milliseconds
	query              string
}

// statementTable is what is there at one moment; the zero table is none.
type statementTable struct {
	at   time.Time
	sql  string
	list []statementRow
	all  int64 // statements that the server counts
}

// statements reads the slowest and the heaviest statements.
func (x *session) statements(ctx context.Context, id *identity) (statementTable, error) {
	if id.extends == "" {
		return statementTable{}, nil
	}
	total := "total_exec_time"
	if id.version < 130000 {
		total = "total_time"
	}
	t := statementTable{sql: text("statements", "total", total, "schema", id.extends)}
	err := x.rows(ctx, 2*maxStatements, func(r pgx.Rows) error {
		var s statementRow
		if err := r.Scan(&s.id, &s.calls, &s.total, &s.rows, &s.query, &t.all); err != nil {
			return err
		}
		s.query = x.s.statement(s.query, 500)
		t.list = append(t.list, s)
		return nil
	}, t.sql, x.s.c.Statements)
	t.at = time.Now()
	return t, err
}

// measure puts what happened between two looks at the statements into a record.
// A statement that only the second look has is given with its mean alone.
func (t *statementTable) measure(before *statementTable, r *record) {
	was := make(map[int64]statementRow, len(before.list))
	for _, s := range before.list {
		was[s.id] = s
	}
	for _, s := range t.list {
		labels := "queryid=" + id(s.id)
		query := t.sql + "\n-- queryid " + id(s.id) + ": " + s.query
		if s.calls > 0 {
			r.add(t.at, "", column{"pg_stat_statements_mean_time_ms", false}, labels, query, s.total/s.calls)
		}
		if b, ok := was[s.id]; ok && s.calls >= b.calls {
			for _, c := range []struct {
				name        string
				first, then float64
			}{{"pg_stat_statements_calls", b.calls, s.calls}, {"pg_stat_statements_exec_time_ms", b.total, s.total}} {
				r.add(before.at, "", column{c.name, true}, labels, query, c.first)
				r.add(t.at, "", column{c.name, true}, labels, query, c.then)
			}
		}
	}
}
