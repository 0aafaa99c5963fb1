package iotdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"triagent/internal/errs"
)

// answer is what the REST service says: a table by columns, or a code.
type answer struct {
	Code        int      `json:"code"`
	Message     string   `json:"message"`
	Columns     []string `json:"column_names"` // of a show statement
	Expressions []string `json:"expressions"`  // of a query for data
	Timestamps  []int64  `json:"timestamps"`   // of a query for data, in the precision of the cluster
	Values      [][]any  `json:"values"`       // [column][row]
}

// The codes that are told apart.
const (
	success      = 200
	syntaxError  = 700 // the statement is not understood: another version
	noPermission = 803
)

// refused is why a statement was refused.
type refused struct {
	code int
	text string
}

func (r *refused) Error() string { return fmt.Sprintf("code %d: %s", r.code, r.text) }

// isCode reports whether an error is a refusal with that code.
func isCode(err error, code int) bool {
	var r *refused
	return errors.As(err, &r) && r.code == code
}

// decode reads an answer. Errors are of kind errs.Denied if rights are missing,
// errs.Invalid if it is not understood, errs.Unavailable for the others.
func decode(r io.Reader) (*answer, error) {
	var a answer
	if err := json.NewDecoder(r).Decode(&a); err != nil {
		return nil, fmt.Errorf("JSON: %w", err)
	}
	if a.Code != 0 && a.Code != success {
		return nil, a.failed()
	}
	rows := -1
	if a.Expressions != nil {
		rows = len(a.Timestamps)
	}
	names := max(len(a.Columns), len(a.Expressions))
	if a.Values != nil && len(a.Values) == 0 { // a table without rows comes without its columns
		a.Values = make([][]any, names)
	}
	if names != len(a.Values) || a.Values == nil {
		return nil, fmt.Errorf("a table of %d names and %d columns", names, len(a.Values))
	}
	for _, c := range a.Values {
		if rows >= 0 && len(c) != rows {
			return nil, errors.New("a table of columns that differ in length")
		}
		rows = len(c)
	}
	return &a, nil
}

func (a *answer) failed() error {
	e := &errs.Error{Kind: errs.Unavailable, Err: &refused{code: a.Code, text: oneLine(a.Message, 200)}}
	switch a.Code {
	case noPermission, 800, 801, 802, 822:
		e.Kind, e.Remedy = errs.Denied, "GRANT MAINTAIN ON root.** to the user; some statements are for root alone"
	case syntaxError:
		e.Kind, e.Remedy = errs.Invalid, "this version of IoTDB may not know the statement"
	}
	return e
}

// rows is the number of rows.
func (a *answer) rows() int {
	if len(a.Values) == 0 {
		return 0
	}
	return len(a.Values[0])
}

// text returns a cell as text; "" if there is no such column.
func (a *answer) text(column string, row int) string {
	for i, name := range a.Columns {
		if name != column {
			continue
		}
		switch v := a.Values[i][row].(type) {
		case string:
			return oneLine(v, 1000)
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64)
		case bool:
			return strconv.FormatBool(v)
		}
	}
	return ""
}

// need says which of the columns are not there.
func (a *answer) need(columns ...string) error {
	for _, want := range columns {
		found := false
		for _, name := range a.Columns {
			found = found || name == want
		}
		if !found {
			return errs.New(errs.Invalid, "its answer has no column %s", want)
		}
	}
	return nil
}

// oneLine makes foreign text fit for a line of so many bytes.
func oneLine(s string, most int) string {
	out := make([]rune, 0, min(len(s), most))
	n := 0
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			r = ' '
		}
		if n += len(string(r)); n > most {
			break
		}
		out = append(out, r)
	}
	return string(out)
}
