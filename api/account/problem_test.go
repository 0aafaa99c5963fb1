package account

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"triagent/internal/errs"
)

// TestProblem leaves what the inside of the service says to the server, which
// hides it: nobody who is not logged in is told of it here.
func TestProblem(t *testing.T) {
	cause := errors.New("commit: database or disk is full (13)")
	for _, tt := range []struct {
		err    error
		status int // 0: it passes as it is
	}{
		{&errs.Error{Op: "log in", Kind: errs.Unavailable, Err: cause}, 0},
		{&errs.Error{Op: "log in", Kind: errs.Internal, Err: cause}, 0},
		{cause, 0},
		{fmt.Errorf("log in: %w", errBusy), http.StatusServiceUnavailable},
		{errs.New(errs.Invalid, "too short"), http.StatusUnprocessableEntity},
	} {
		got := problem(tt.err)
		var status huma.StatusError
		if errors.As(got, &status) != (tt.status != 0) || statusOf(got) != tt.status {
			t.Errorf("%v: %v with status %d, want %d", tt.err, got, statusOf(got), tt.status)
		}
	}
}
