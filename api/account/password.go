package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"triagent/internal/errs"
)

// cost are the parameters of argon2id.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// current is the cost of new passwords: the second recommendation of OWASP's
// password storage cheat sheet. Passwords of another cost are hashed anew when
// they are next given.
var current = cost{memory: 19 << 10, passes: 2, threads: 1}

const (
	saltBytes   = 16
	keyBytes    = 32
	maxPassword = 256 // bytes
	maxWaiting  = 64  // that wait for a slot; more are told to come back
)

var rawStd = base64.RawStdEncoding.Strict()

// errPHC says that a stored password is not one of ours. It never holds it.
var errPHC = errors.New("the stored password has not the form of argon2id")

// phc is a parsed password.
type phc struct {
	cost
	salt, key []byte
}

// String formats as $argon2id$v=19$m=19456,t=2,p=1$SALT$KEY.
func (p phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.passes, p.threads,
		rawStd.EncodeToString(p.salt), rawStd.EncodeToString(p.key))
}

// parsePHC reads what String writes. Costs are bounded, so that a row written
// by someone else cannot eat the machine: 8 KiB to 256 MiB, 16 passes, 16
// threads, salts of 8 to 64 bytes and keys of 16 to 64.
func parsePHC(s string) (phc, error) {
	f := strings.Split(s, "$")
	if len(f) != 6 || f[0] != "" || f[1] != "argon2id" || f[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errPHC
	}
	var p phc
	c := strings.Split(f[3], ",")
	if len(c) != 3 {
		return phc{}, errPHC
	}
	m, err1 := number(c[0], "m=", 8, 256<<10)
	t, err2 := number(c[1], "t=", 1, 16)
	n, err3 := number(c[2], "p=", 1, 16)
	salt, err4 := rawStd.DecodeString(f[4])
	key, err5 := rawStd.DecodeString(f[5])
	if errors.Join(err1, err2, err3, err4, err5) != nil || strings.ContainsAny(s, "\r\n") {
		return phc{}, errPHC
	}
	if len(salt) < 8 || len(salt) > 64 || len(key) < 16 || len(key) > 64 {
		return phc{}, errPHC
	}
	p.cost = cost{memory: uint32(m), passes: uint32(t), threads: uint8(n)}
	p.salt, p.key = salt, key
	return p, nil
}

// number reads a decimal without sign or leading zero, in [lo, hi].
func number(s, prefix string, lo, hi uint64) (uint64, error) {
	d, ok := strings.CutPrefix(s, prefix)
	if !ok || d == "" || d[0] == '0' || d[0] == '+' {
		return 0, errPHC
	}
	n, err := strconv.ParseUint(d, 10, 32)
	if err != nil || n < lo || n > hi {
		return 0, errPHC
	}
	return n, nil
}

// hasher hashes passwords, a few at once: a flood of log-ins waits, and when
// too many wait is refused, but does not eat memory.
type hasher struct {
	slots   chan struct{}
	waiting atomic.Int64
	nobody  phc // compared with where there is no password, so that it takes as long
}

func newHasher(atOnce int) (*hasher, error) {
	if atOnce < 1 || atOnce > 64 {
		return nil, errs.New(errs.Invalid, "hashers is %d; between 1 and 64 passwords may be hashed at once", atOnce)
	}
	h := &hasher{slots: make(chan struct{}, atOnce)}
	h.nobody = derive(current, newSecret())
	return h, nil
}

// derive hashes a password with a new salt.
func derive(c cost, password string) phc {
	p := phc{cost: c, salt: make([]byte, saltBytes)}
	_, _ = rand.Read(p.salt) // never fails
	p.key = argon2.IDKey([]byte(password), p.salt, c.passes, c.memory, c.threads, keyBytes)
	return p
}

// hash returns the PHC form of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	return derive(current, password).String(), nil
}

// verify compares a password with a stored one; "" is a user without one, who
// takes as long and is never right. Stale says that the stored one is of
// another cost than new ones.
func (h *hasher) verify(ctx context.Context, stored, password string) (ok, stale bool, err error) {
	p := h.nobody
	if stored != "" {
		if p, err = parsePHC(stored); err != nil {
			return false, false, err
		}
	}
	if err := h.enter(ctx); err != nil {
		return false, false, err
	}
	defer h.leave()
	key := argon2.IDKey([]byte(password), p.salt, p.passes, p.memory, p.threads, uint32(len(p.key)))
	equal := subtle.ConstantTimeCompare(key, p.key) == 1
	return equal && stored != "", p.cost != current, nil
}

// errBusy says that too many wait for their password to be hashed.
var errBusy = errs.New(errs.Unavailable, "too many people log in at this moment; try again in a few seconds")

// enter waits for a slot. Too many waiting is errBusy, of kind Unavailable.
func (h *hasher) enter(ctx context.Context) error {
	if h.waiting.Add(1) > maxWaiting {
		h.waiting.Add(-1)
		return errBusy
	}
	defer h.waiting.Add(-1)
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (h *hasher) leave() { <-h.slots }

// checkPassword says why a new password is not good enough, as kind Invalid.
func (a *Accounts) checkPassword(password, name string) error {
	switch {
	case !utf8.ValidString(password):
		return errs.New(errs.Invalid, "The password is not valid text.")
	case utf8.RuneCountInString(password) < a.cfg.MinPassword:
		return errs.New(errs.Invalid, "The password is too short: choose one of at least %d characters.", a.cfg.MinPassword)
	case len(password) > maxPassword:
		return errs.New(errs.Invalid, "The password is too long: choose one of at most %d bytes.", maxPassword)
	case strings.EqualFold(password, name), strings.Count(password, password[:1]) == len(password):
		return errs.New(errs.Invalid, "The password is too easy to guess: choose another.")
	}
	return nil
}
