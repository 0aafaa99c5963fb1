// Package errs gives errors a kind that callers branch on, and a remedy that
// people act on. An error answers two questions: what can the caller do (its
// Kind) and what happened (its chain). It imports the standard library only.
package errs

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what the caller of a failed operation can do about it.
type Kind string

// The kinds of error.
const (
	Internal    Kind = "internal"    // a bug of ours
	Invalid     Kind = "invalid"     // the input is wrong: mend it
	NotFound    Kind = "not_found"   // the named thing does not exist
	Denied      Kind = "denied"      // not allowed
	Unavailable Kind = "unavailable" // a retry may succeed
	Exhausted   Kind = "exhausted"   // a budget or a bound is spent
)

// Error is an error with a kind, an optional place in an input file and an
// optional remedy.
type Error struct {
	Op     string // what was being done, as "read metrics"; may be empty
	Kind   Kind
	File   string // the input at fault, as the user named it; empty: none
	Line   int    // 1-based; 0: unknown
	Column int    // 1-based, a field of a table or a byte of a line; 0: unknown
	Remedy string // what to do, one sentence; may be empty
	Err    error  // the cause; never nil
}

// Error formats as "op: file:line:column: cause (remedy)", leaving out what is
// unknown.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	if e.File != "" {
		b.WriteString(e.Place() + ": ")
	}
	b.WriteString(e.Err.Error())
	if e.Remedy != "" {
		b.WriteString(" (" + e.Remedy + ")")
	}
	return b.String()
}

// Place formats the position in the input as file:line:column, as far as known.
func (e *Error) Place() string {
	s := e.File
	if e.Line > 0 {
		s += fmt.Sprintf(":%d", e.Line)
		if e.Column > 0 {
			s += fmt.Sprintf(":%d", e.Column)
		}
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// At returns an Invalid error that names a place in an input. Line and column
// are 1-based; 0 means unknown.
func At(file string, line, column int, format string, args ...any) *Error {
	return &Error{Kind: Invalid, File: file, Line: line, Column: column, Err: fmt.Errorf(format, args...)}
}

// New returns an error of the given kind.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Err: fmt.Errorf(format, args...)}
}

// KindOf returns the kind of the outermost Error in err's chain, Internal for
// an error without one, and "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}
