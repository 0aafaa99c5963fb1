package postgresql_test

import (
	"errors"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"triagent/connectors/postgresql"
	"triagent/internal/errs"
)

// asker is a server that does not encrypt, or breaks off when it is asked to,
// and wants the MD5 of a password.
type asker struct {
	addr   string
	breaks bool

	sync.Mutex
	got int // passwords
}

func ask(t *testing.T, breaks bool) *asker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &asker{addr: l.Addr().String(), breaks: breaks}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				a.serve(c)
				_ = c.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return a
}

func (a *asker) serve(c net.Conn) {
	b := pgproto3.NewBackend(c, c)
	m, err := b.ReceiveStartupMessage()
	if _, ok := m.(*pgproto3.SSLRequest); ok && err == nil {
		if a.breaks {
			return
		}
		if _, err = c.Write([]byte("N")); err == nil {
			_, err = b.ReceiveStartupMessage()
		}
	}
	if err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationMD5Password{Salt: [4]byte{1, 2, 3, 4}})
	if b.Flush() != nil || b.SetAuthType(pgproto3.AuthTypeMD5Password) != nil {
		return
	}
	if m, err := b.Receive(); err == nil {
		if _, ok := m.(*pgproto3.PasswordMessage); ok {
			a.Lock()
			a.got++
			a.Unlock()
			b.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "28P01", Message: "no"})
			_ = b.Flush()
		}
	}
}

// TestPlainMD5 has a server of another machine that wants the MD5 of the
// password over a line that is not encrypted.
func TestPlainMD5(t *testing.T) {
	for _, tt := range []struct {
		name, mode   string
		breaks, near bool
		given        bool
		says         string
	}{
		{"preferred", "", false, false, false, "tls: mode: off"},
		{"preferred, and TLS breaks off", "prefer", true, false, false, "tls: mode: off"},
		{"off as it was written", "off", false, false, true, "28P01"},
		{"on this machine", "prefer", false, true, true, "28P01"},
		{"required", "require", false, false, false, "does not speak TLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := ask(t, tt.breaks)
			s := open(t, postgresql.Config{Hosts: []string{a.addr}, Password: "seCRet", TLS: postgresql.TLS{Mode: tt.mode}})
			if !tt.near {
				s.Far()
			}
			_, err := s.Discover(t.Context(), lately())
			var e *errs.Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v", err)
			}
			a.Lock()
			defer a.Unlock()
			if (a.got > 0) != tt.given {
				t.Errorf("it got %d passwords: %v", a.got, err)
			}
		})
	}
}
