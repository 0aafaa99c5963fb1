package store

import (
	"slices"
	"strconv"
	"strings"
)

// where gathers the conditions of a query. Conditions are constants of this
// package; what a caller gives is bound, never written into the text.
type where struct {
	conds []string
	args  []any
}

// and adds a condition; each ? in it is one of the arguments.
func (w *where) and(cond string, args ...any) {
	var b strings.Builder
	for i := 0; i < len(cond); i++ {
		if cond[i] == '?' {
			b.WriteString(w.bind(args[0]))
			args = args[1:]
		} else {
			b.WriteByte(cond[i])
		}
	}
	w.conds = append(w.conds, b.String())
}

// bind adds an argument and returns its placeholder.
func (w *where) bind(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

// clone returns a copy that can be added to on its own.
func (w *where) clone() where {
	return where{conds: slices.Clone(w.conds), args: slices.Clone(w.args)}
}

// in adds that a column is one of the values; none allows everything.
func in[T any](w *where, column string, vs []T, value func(T) any) {
	if len(vs) == 0 {
		return
	}
	marks := make([]string, len(vs))
	for i, v := range vs {
		marks[i] = w.bind(value(v))
	}
	w.conds = append(w.conds, column+" IN ("+strings.Join(marks, ", ")+")")
}

// sql is the WHERE clause, empty if there is no condition.
func (w *where) sql() string {
	if len(w.conds) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conds, " AND ")
}
