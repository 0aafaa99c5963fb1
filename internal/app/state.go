package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"triagent/internal/errs"
	"triagent/internal/seal"
	"triagent/store"
)

// CheckStore says what is wrong with the state, one sentence each.
func CheckStore(ctx context.Context, set Settings) ([]string, error) {
	st, err := openState(ctx, set)
	if err != nil {
		return nil, err
	}
	wrong := st.Check(ctx)
	return wrong, st.Close() //nolint:contextcheck // closing is not given up
}

// CheckAudit verifies the chain of the audit and the MAC of its end, and returns
// how many entries it has and the first that is broken; 0: none.
func CheckAudit(ctx context.Context, set Settings) (entries, broken int64, err error) {
	st, err := openState(ctx, set)
	if err != nil {
		return 0, 0, err
	}
	entries, broken, err = st.VerifyAudit(ctx)
	return entries, broken, errors.Join(err, st.Close()) //nolint:contextcheck // closing is not given up
}

// openState opens a state that is there: a check makes nothing.
func openState(ctx context.Context, set Settings) (*store.Store, error) {
	set = set.withDefaults()
	if set.Database == "" {
		if _, err := os.Stat(set.path("triagent.db")); errors.Is(err, fs.ErrNotExist) {
			return nil, &errs.Error{Kind: errs.NotFound, Err: fmt.Errorf("there is no state in %s", set.Data), Remedy: "name its folder with --data, or the settings with --config"}
		}
	}
	var keys [][]byte
	if _, err := os.Stat(set.path("keys.json")); err == nil {
		sealer, err := seal.Open(set.path("keys.json"))
		if err != nil {
			return nil, err
		}
		if keys, err = sealer.Derive(forAudit); err != nil {
			return nil, err
		}
	}
	return store.New(ctx, set.storeConfig(keys, nil, slog.New(slog.DiscardHandler)))
}
