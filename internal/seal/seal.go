// Package seal encrypts single fields before they are stored: tokens, signing
// secrets and addresses that are secrets themselves. The keys lie in a file of
// their own, outside of the database, so that a copy of the database alone
// gives nothing away.
//
// The cipher is AES-256-GCM of Tink with a key set: the primary key seals, any
// key of the set opens, so keys are rotated without touching what is stored. A
// sealed text is bound to what it belongs to (its field, as
// "channel/ch-3/token") and opens nowhere else: a row copied onto another one
// is noticed.
//
// A sealed text reads "sealed:v1:" and base64. The key file is JSON of Tink in
// the clear with mode 0600; whoever reads it reads every secret.
package seal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"triagent/internal/errs"
)

const prefix = "sealed:v1:"

// maxKeyFile bounds the key file: a set of a hundred keys is 20 KB.
const maxKeyFile = 1 << 20

var errNotOpened = errors.New("it was sealed for another field, with a key that the key file does not hold, or it was changed")

// Sealer seals and opens fields with the keys of one file. It is safe for
// concurrent use.
type Sealer struct {
	path string

	mu   sync.RWMutex
	raw  []byte // the key file as it was read
	aead tink.AEAD
}

// Open reads the key file at path and makes it, with one fresh key, if there is
// none. Several processes may do so at once: one of them makes the file, whole
// or not at all, and all use the same keys. Errors are of kind errs.Denied if
// others than the owner may read the file, errs.Invalid if it holds no keys and
// errs.Unavailable if it cannot be read or made.
func Open(path string) (*Sealer, error) {
	raw, err := readOrMake(path)
	if err != nil {
		return nil, err
	}
	primitive, err := load(path, raw)
	if err != nil {
		return nil, err
	}
	return &Sealer{path: path, raw: raw, aead: primitive}, nil
}

// Sealed says whether a text was made by Seal.
func Sealed(text string) bool { return strings.HasPrefix(text, prefix) }

// Seal encrypts plain for a field. The empty text stays empty, so that "not
// set" can be told without a key. Two calls give different texts.
func (s *Sealer) Seal(field, plain string) (string, error) {
	if plain == "" {
		return "", nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.aead.Encrypt([]byte(plain), []byte(field))
	if err != nil {
		return "", &errs.Error{Op: "seal " + field, Kind: errs.Internal, Err: err}
	}
	return prefix + base64.RawURLEncoding.EncodeToString(b), nil
}

// Open decrypts what Seal made for the same field. It reads the key file again
// if the keys in memory do not fit, since another process may have rotated
// them. Errors are of kind errs.Invalid and hold nothing of the text.
func (s *Sealer) Open(field, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	coded, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return "", &errs.Error{Op: "open " + field, Kind: errs.Invalid, Err: errors.New("it is not a sealed text"), Remedy: "enter the secret again"}
	}
	b, err := base64.RawURLEncoding.DecodeString(coded)
	if err != nil {
		return "", &errs.Error{Op: "open " + field, Kind: errs.Invalid, Err: errNotOpened, Remedy: "enter the secret again"}
	}
	if plain, err := s.decrypt(field, b); err == nil {
		return plain, nil
	}
	if err := s.reload(); err != nil {
		return "", err
	}
	plain, err := s.decrypt(field, b)
	if err != nil {
		return "", &errs.Error{
			Op: "open " + field, Kind: errs.Invalid, Err: errNotOpened,
			Remedy: "bring back the key file that belongs to this database, or enter the secret again",
		}
	}
	return plain, nil
}

// Rotate adds a key and makes it the one that seals; what was sealed before
// still opens. The file is replaced whole or not at all. Only one process may
// rotate at a time; another gets kind errs.Unavailable.
func (s *Sealer) Rotate() error {
	unlock, err := lock(s.path)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.reload(); err != nil {
		return err
	}
	s.mu.RLock()
	raw := s.raw
	s.mu.RUnlock()
	raw, err = withNewKey(raw)
	if err != nil {
		return &errs.Error{Op: "rotate keys", Kind: errs.Internal, Err: err}
	}
	if err := replace(s.path, raw); err != nil {
		return err
	}
	return s.reload()
}

// Keys returns how many keys the set holds.
func (s *Sealer) Keys() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(s.raw)))
	if err != nil {
		return 0 // unreachable: it was read before
	}
	return h.Len()
}

// Derive returns a key of 32 bytes for one use for each key of the set, by
// HKDF-SHA256: the primary one's first, the others' in the order of the file.
// What was made with a derived key before a rotation is known by one of the
// others. The derived keys tell nothing of those of the file or of other uses.
func (s *Sealer) Derive(use string) ([][]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(s.raw)))
	if err != nil {
		return nil, &errs.Error{Op: "derive keys", Kind: errs.Internal, Err: err}
	}
	set := insecurecleartextkeyset.KeysetMaterial(h)
	var first, others [][]byte
	for _, k := range set.GetKey() {
		derived, err := hkdf.Key(sha256.New, k.GetKeyData().GetValue(), nil, "triagent "+use, 32)
		if err != nil {
			return nil, &errs.Error{Op: "derive keys", Kind: errs.Internal, Err: err}
		}
		if k.GetKeyId() == set.GetPrimaryKeyId() {
			first = append(first, derived)
		} else {
			others = append(others, derived)
		}
	}
	return append(first, others...), nil
}

func (s *Sealer) decrypt(field string, b []byte) (string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	plain, err := s.aead.Decrypt(b, []byte(field))
	return string(plain), err
}

// reload takes the key file as it is now.
func (s *Sealer) reload() error {
	raw, err := read(s.path)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if bytes.Equal(raw, s.raw) {
		return nil
	}
	primitive, err := load(s.path, raw)
	if err != nil {
		return err
	}
	s.raw, s.aead = raw, primitive
	return nil
}

func load(path string, raw []byte) (tink.AEAD, error) {
	bad := func(err error) error {
		return &errs.Error{
			Op: "read keys", Kind: errs.Invalid, File: path, Err: err,
			Remedy: "bring back the key file from a backup; without it the stored secrets cannot be opened and must be entered again",
		}
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, bad(errors.New("it holds no set of keys"))
	}
	primitive, err := aead.New(h)
	if err != nil {
		return nil, bad(errors.New("its keys are not for this use"))
	}
	return primitive, nil
}

func newKeys() ([]byte, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	return marshal(h)
}

func withNewKey(raw []byte) ([]byte, error) {
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, err
	}
	m := keyset.NewManagerFromHandle(h)
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	if err := m.SetPrimary(id); err != nil {
		return nil, err
	}
	if h, err = m.Handle(); err != nil {
		return nil, err
	}
	return marshal(h)
}

func marshal(h *keyset.Handle) ([]byte, error) {
	var b bytes.Buffer
	if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&b)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
