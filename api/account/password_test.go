package account

import (
	"context"
	"errors"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"triagent/internal/errs"
)

func TestPHC(t *testing.T) {
	h, err := newHasher(2)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := h.hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("stored as %s", stored)
	}
	for given, want := range map[string]bool{password: true, password + " ": false, "": false} {
		if ok, stale, err := h.verify(t.Context(), stored, given); ok != want || stale || err != nil {
			t.Errorf("verify(%q) = %v, %v, %v", given, ok, stale, err)
		}
	}
	if ok, _, err := h.verify(t.Context(), "", ""); ok || err != nil {
		t.Errorf("no password is right: %v", err)
	}
	// From the reference implementation: argon2 -id -t 2 -k 65536 -p 1, "password", "somesalt".
	known := "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, stale, err := h.verify(t.Context(), known, "password"); !ok || !stale || err != nil {
		t.Errorf("a foreign password: %v, %v, %v", ok, stale, err)
	}
}

func TestBadPHC(t *testing.T) {
	good := derive(cost{memory: 8, passes: 1, threads: 1}, "x").String()
	if _, err := parsePHC(good); err != nil {
		t.Fatalf("%s: %v", good, err)
	}
	for _, edit := range [][2]string{
		{"argon2id", "argon2i"},
		{"v=19", "v=16"},
		{"m=8", "m=7"},
		{"m=8", "m=08"},
		{"m=8", "m=+8"},
		{"m=8", "m=4294967295"},
		{"m=8", "m=262145"},
		{"t=1", "t=0"},
		{"t=1", "t=17"},
		{"p=1", "p=0"},
		{"p=1", "p=257"},
		{"t=1", "t=1,t=1"},
		{"$m", "$x=1$m"},
		{"$argon", "argon"},
	} {
		bad := strings.Replace(good, edit[0], edit[1], 1)
		if _, err := parsePHC(bad); !errors.Is(err, errPHC) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	for _, bad := range []string{"", "$", "$$$$$", good + "$", good + "=", good + "\n", good[:len(good)-40]} {
		if _, err := parsePHC(bad); !errors.Is(err, errPHC) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestHashersAreBounded shows that a flood of log-ins waits, and then is told to
// come back.
func TestHashersAreBounded(t *testing.T) {
	h, err := newHasher(1)
	if err != nil {
		t.Fatal(err)
	}
	h.slots <- struct{}{} // one hashes
	ctx, cancel := context.WithCancel(t.Context())
	var g errgroup.Group
	waiting := make(chan struct{}, maxWaiting)
	for range maxWaiting {
		g.Go(func() error {
			waiting <- struct{}{}
			_, err := h.hash(ctx, "x")
			if !errors.Is(err, context.Canceled) {
				return errors.New("it did not wait")
			}
			return nil
		})
	}
	for range maxWaiting {
		<-waiting
	}
	for h.waiting.Load() < maxWaiting { // each is one step from waiting
		if t.Context().Err() != nil {
			t.Fatal("they do not wait")
		}
	}
	if _, err := h.hash(t.Context(), "x"); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("one more: %v", err)
	}
	cancel()
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	h.leave()
	if _, err := h.hash(t.Context(), "x"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestUnknownNamesCost shows that a name that nobody has costs a hash as well.
func TestUnknownNamesCost(t *testing.T) {
	h := open(t, nil)
	h.a.hasher.slots = make(chan struct{}) // nobody may hash
	for _, name := range []string{"ada", "nobody"} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := h.a.login(ctx, name, password); err == nil || statusOf(err) != 0 {
			t.Errorf("%s is answered without a hash: %v", name, err)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(derive(cost{memory: 8, passes: 1, threads: 1}, "x").String())
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=,t=,p=$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePHC(s)
		if err != nil {
			if !errors.Is(err, errPHC) {
				t.Errorf("an error that may hold the password: %v", err)
			}
			return
		}
		if got := p.String(); got != s {
			t.Errorf("%q reads as %q", s, got)
		}
		if p.memory < 8 || p.memory > 256<<10 || p.passes < 1 || p.passes > 16 || p.threads < 1 || p.threads > 16 {
			t.Errorf("cost %+v", p.cost)
		}
	})
}

func FuzzParseToken(f *testing.F) {
	f.Add(TokenPrefix + newSecret())
	f.Add(TokenPrefix)
	f.Add("tri_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB")
	f.Fuzz(func(t *testing.T, s string) {
		hash, ok := parseToken(s)
		if !ok {
			return
		}
		if len(s) != 47 || !strings.HasPrefix(s, TokenPrefix) || strings.ContainsAny(s, " \r\n\t=+/") || len(hash) != 64 || hash != hashOf(s) {
			t.Errorf("%q is taken for a token", s)
		}
	})
}
