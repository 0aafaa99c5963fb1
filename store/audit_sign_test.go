package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// signing is a store whose audit is signed; the same folder may be opened again.
func signing(t *testing.T, dir string, key byte) *Store {
	t.Helper()
	var keys [][]byte // the last first; with key 0 none
	for k := key; k > 0; k-- {
		keys = append(keys, bytes.Repeat([]byte{k}, 32))
	}
	s, err := New(t.Context(), Config{Path: filepath.Join(dir, "a.db"), AuditKeys: keys, AuditMark: filepath.Join(dir, "audit.signed")})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SignAudit(t.Context(), Actor{Name: "triagent"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // some are closed before
	return s
}

func record(t *testing.T, s *Store, n int) {
	t.Helper()
	for i := range n {
		if err := s.Record(t.Context(), Actor{Name: "ada"}, "test.act", fmt.Sprint(i), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSignedHead changes the end of the audit as somebody can who has the
// database and not the keys, and goes on recording: it is found in any case.
func TestSignedHead(t *testing.T) {
	const back = `DELETE FROM audit WHERE n > 7; UPDATE audit_head SET n = 7, hash = (SELECT hash FROM audit WHERE n = 7)`
	for _, tt := range []struct {
		name, statement string
		broken          int64 // -1: anywhere
	}{
		{"untouched", `SELECT 1`, 0},
		{"last ones removed", back, 8},
		{"last ones removed, unsigned", back + `, mac = ''`, 8},
		{"last ones removed, said to be broken", back + `, mac = 'broken:9'`, -1},
		{"all removed", `DELETE FROM audit; UPDATE audit_head SET n = 0, hash = '', mac = ''`, 1},
		{"head removed", `DELETE FROM audit_head`, 11},
		{"head and last ones removed", `DELETE FROM audit WHERE n > 7; DELETE FROM audit_head`, 8},
		{"MAC removed", `UPDATE audit_head SET mac = ''`, 11},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			s := signing(t, dir, 1)
			record(t, s, 10)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			tamper(t, dir, tt.statement)
			check := func(s *Store, when string, more int64) {
				t.Helper()
				n, broken, err := s.VerifyAudit(t.Context())
				if err != nil || broken != tt.broken && (tt.broken >= 0 || broken == 0) || broken == 0 && n != 10+more {
					t.Errorf("%s: %d entries, broken at %d, %v, want broken at %d", when, n, broken, err, tt.broken)
				}
			}
			s = signing(t, dir, 1)
			check(s, "after a start", 0)
			record(t, s, 3)
			check(s, "after more entries", 3)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			check(signing(t, dir, 2), "after a rotation", 3)
		})
	}
}

func tamper(t *testing.T, dir, statement string) {
	t.Helper()
	s, err := New(t.Context(), Config{Path: filepath.Join(dir, "a.db")})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range strings.Split(statement, ";") {
		if _, err := s.write.ExecContext(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestSignLater signs the audit of an older version as it is, with a note, and
// that of a lost mark again.
func TestSignLater(t *testing.T) {
	dir := t.TempDir()
	old := signing(t, dir, 0)
	record(t, old, 5)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		s := signing(t, dir, byte(1+round))
		if n, broken, err := s.VerifyAudit(t.Context()); n != int64(6+round) || broken != 0 || err != nil {
			t.Errorf("%d entries, broken at %d, %v", n, broken, err)
		}
		list, _, err := s.Audit(t.Context(), AuditFilter{Action: "audit.sign"})
		if err != nil || len(list) != 1 || list[0].Detail["entries_before"] != "5" {
			if round == 0 || len(list) != 2 {
				t.Errorf("noted: %+v, %v", list, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if round == 0 { // the keys are lost too
			tamper(t, dir, `UPDATE audit_head SET mac = 'x'`)
			if err := os.Remove(filepath.Join(dir, "audit.signed")); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestSignNew signs a database that is made in the place of another.
func TestSignNew(t *testing.T) {
	dir := t.TempDir()
	old := signing(t, dir, 1)
	record(t, old, 3)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.db", "a.db-wal", "a.db-shm"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	s := signing(t, dir, 1)
	record(t, s, 2)
	if n, broken, err := s.VerifyAudit(t.Context()); n != 2 || broken != 0 || err != nil {
		t.Errorf("%d entries, broken at %d, %v", n, broken, err)
	}
}
