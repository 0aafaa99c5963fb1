package store_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/store"
	"triagent/store/storetest"
)

// tampered runs a statement past the store, as somebody with the database might.
func tampered(t *testing.T, driver, name, statement string) {
	t.Helper()
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func TestAuditChain(t *testing.T) {
	for _, tt := range []struct {
		name, statement string
		broken          int64
	}{
		{"untouched", `SELECT 1`, 0},
		{"detail changed", `UPDATE audit SET detail = '{"k":"other"}' WHERE n = 7`, 7},
		{"actor changed", `UPDATE audit SET name = 'eve' WHERE n = 1`, 1},
		{"hash changed", `UPDATE audit SET hash = '` + fmt.Sprintf("%064d", 0) + `' WHERE n = 20`, 20},
		{"one deleted", `DELETE FROM audit WHERE n = 9`, 9},
		{"end deleted", `DELETE FROM audit WHERE n > 30`, 31},
		{"head moved", `UPDATE audit_head SET n = 30`, 30},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, dialect := range []string{store.SQLite, store.PostgreSQL} {
				t.Run(dialect, func(t *testing.T) {
					cfg, driver, name := store.Config{Path: filepath.Join(t.TempDir(), "a.db")}, "sqlite", ""
					name = cfg.Path
					if dialect == store.PostgreSQL {
						cfg = store.Config{URL: storetest.Postgres(t)}
						driver, name = "pgx", cfg.URL
					}
					s := storetest.With(t, cfg)
					var g errgroup.Group
					for i := range 40 {
						g.Go(func() error {
							return s.Record(t.Context(), admin, "test.act", fmt.Sprint("o", i), map[string]string{"k": "v\x00", "i": fmt.Sprint(i)})
						})
					}
					if err := g.Wait(); err != nil {
						t.Fatal(err)
					}
					tampered(t, driver, name, tt.statement)
					n, broken, err := s.VerifyAudit(t.Context())
					if err != nil || broken != tt.broken || tt.broken == 0 && n != 40 {
						t.Errorf("%d entries, broken at %d, %v, want broken at %d", n, broken, err, tt.broken)
					}
				})
			}
		})
	}
}

func TestAuditList(t *testing.T) {
	c := &clock{}
	storetest.Each(t, store.Config{Now: c.now}, func(t *testing.T, s *store.Store) {
		ctx, from := t.Context(), c.now()
		for i := range 6 {
			who := store.Actor{User: fmt.Sprint("u", i%2), Name: "n", Token: "t"}
			if err := s.Record(ctx, who, []string{"user.update", "userx", "login"}[i%3], "obj", nil); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range []struct {
			f    store.AuditFilter
			want int
		}{
			{store.AuditFilter{}, 6},
			{store.AuditFilter{Actor: "u1"}, 3},
			{store.AuditFilter{Action: "user."}, 2},
			{store.AuditFilter{Action: "login"}, 2},
			{store.AuditFilter{Object: "none"}, 0},
			{store.AuditFilter{To: from}, 0},
			{store.AuditFilter{From: from, To: c.now().Add(time.Hour)}, 6},
		} {
			tt.f.Limit = 4
			got := 0
			for {
				items, next, err := s.Audit(ctx, tt.f)
				if err != nil {
					t.Fatal(err)
				}
				got += len(items)
				if tt.f.After = next; next == "" {
					break
				}
			}
			if got != tt.want {
				t.Errorf("%+v: %d entries, want %d", tt.f, got, tt.want)
			}
		}
	})
}
