package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"triagent/internal/errs"
)

// kinded gives an error of the database the kind that tells what the caller can
// do, and the operation. Errors that have a kind keep it.
func kinded(op string, err error) error {
	if err == nil {
		return nil
	}
	var e *errs.Error
	if errors.As(err, &e) {
		return fmt.Errorf("%s: %w", op, err)
	}
	if noSpace(err) {
		return full(op, err)
	}
	return &errs.Error{Op: op, Kind: kindOf(err), Err: err}
}

func kindOf(err error) errs.Kind {
	var pg *pgconn.PgError
	var lite *sqlite.Error
	var conn *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.Is(err, ErrStale), errors.Is(err, ErrLost):
		return errs.Denied
	case errors.Is(err, ErrFull):
		return errs.Exhausted
	case errors.Is(err, sql.ErrNoRows):
		return errs.NotFound
	case errors.As(err, &pg):
		return kindOfState(pg.Code)
	case errors.As(err, &lite):
		return kindOfCode(lite.Code())
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone),
		errors.As(err, &conn), errors.As(err, &network):
		return errs.Unavailable
	}
	return errs.Internal
}

// kindOfState reads an SQLSTATE: 22 bad data, 23 a constraint, 08 connection,
// 40 transaction, 53 resources, 55 locks, 57 the operator.
func kindOfState(code string) errs.Kind {
	switch {
	case strings.HasPrefix(code, "22"), strings.HasPrefix(code, "23"):
		return errs.Invalid
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "40"), strings.HasPrefix(code, "53"),
		strings.HasPrefix(code, "55"), strings.HasPrefix(code, "57"):
		return errs.Unavailable
	}
	return errs.Internal
}

// kindOfCode reads a result code of SQLite, extended or not.
func kindOfCode(code int) errs.Kind {
	switch code & 0xff {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH:
		return errs.Invalid
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_CANTOPEN:
		return errs.Unavailable
	}
	return errs.Internal
}

// again reports whether the same transaction may succeed when it is run anew.
func again(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01"
	}
	return errors.Is(err, errRace)
}

// errRace says that another transaction did the same at the same moment; run
// anew, this one will see what that one did.
var errRace = &errs.Error{Kind: errs.Unavailable, Err: errors.New("it was changed at the same moment, try again")}

// missing returns the NotFound error for a named thing.
func missing(kind, name string) error {
	return errs.New(errs.NotFound, "there is no %s %q", kind, clip(name, 100))
}

// isNone reports whether a query found no row.
func isNone(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// orRace is err, or errRace if a statement changed nothing without one.
func orRace(err error) error {
	if err == nil {
		return errRace
	}
	return err
}

// taken says, of an error of a unique constraint, that a name is in use.
func taken(err error, kind, name string) error {
	if err == nil || !duplicate(err) {
		return err
	}
	return errs.New(errs.Invalid, "there is a %s %q already: choose another name", kind, clip(name, 100))
}

// duplicate reports whether a unique constraint refused a row.
func duplicate(err error) bool {
	var pg *pgconn.PgError
	var lite *sqlite.Error
	switch {
	case errors.As(err, &pg):
		return pg.Code == "23505"
	case errors.As(err, &lite):
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// unchanged is the error of a change that asked for a version: err if that is
// set, NotFound if the row is not there, ErrStale if n rows = 0 had the version.
func unchanged(n int64, err error, kind, id string) error {
	switch {
	case isNone(err):
		return missing(kind, id)
	case err != nil:
		return err
	case n == 0:
		return ErrStale
	}
	return nil
}
