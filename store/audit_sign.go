package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"triagent/internal/errs"
)

// head is the end of the audit: the number and the hash of its last entry, and
// the MAC of both, so that whoever has the database and not the key cannot make
// another end.
type head struct {
	n         int64
	hash, mac string
}

func scanHead(row scanner) (h head, err error) {
	return h, row.Scan(&h.n, &h.hash, &h.mac)
}

// brokenMAC begins what stands for the MAC once a head was found that is not
// what was recorded; the number of the first entry after it follows. It stays.
const brokenMAC = "broken:"

// signer makes and checks the MACs of heads.
type signer struct {
	keys [][]byte // the first signs, all verify; none: nothing is signed
	mark string   // file that is there once heads are signed
}

func macOf(key []byte, n int64, hash string) string {
	m := hmac.New(sha256.New, key)
	m.Write(binary.BigEndian.AppendUint64([]byte("audit head "), uint64(n)))
	m.Write([]byte(hash))
	return hex.EncodeToString(m.Sum(nil))
}

// signed reports whether the MAC of a head is right.
func (g signer) signed(h head) bool {
	for _, k := range g.keys {
		if hmac.Equal([]byte(h.mac), []byte(macOf(k, h.n, h.hash))) {
			return true
		}
	}
	return false
}

// begun reports whether heads are signed in this installation, so that one
// without a MAC is not one of an older version.
func (g signer) begun() bool {
	if len(g.keys) == 0 {
		return false
	}
	_, err := os.Stat(g.mark)
	return !errors.Is(err, fs.ErrNotExist)
}

// next is the MAC of the head that follows was. What follows a head that is not
// right is not right either: nobody makes a wrong end good by waiting.
func (g signer) next(was head, n int64, hash string) string {
	switch {
	case len(g.keys) == 0, was.mac == "" && !g.begun():
		return was.mac // as it stood: a later check with the key finds it
	case g.signed(was):
		return macOf(g.keys[0], n, hash)
	case strings.HasPrefix(was.mac, brokenMAC):
		return was.mac
	}
	return brokenMAC + strconv.FormatInt(was.n+1, 10)
}

// brokenAt is the number of the first entry that may be missing at a head whose
// MAC is not right; 0: it is right, or cannot be checked.
func (g signer) brokenAt(h head) int64 {
	if len(g.keys) == 0 || g.signed(h) || h.mac == "" && !g.begun() {
		return 0
	}
	if at, ok := strings.CutPrefix(h.mac, brokenMAC); ok {
		if n, err := strconv.ParseInt(at, 10, 64); err == nil && n > 0 && n <= h.n {
			return n
		}
	}
	return h.n + 1
}

// lockHead locks the head of the audit. If somebody took it out, it is made again
// after the last entry that is there, and is broken.
func (t *txn) lockHead(ctx context.Context) (head, error) {
	h, err := scanHead(t.row(ctx, lockHead))
	if err == nil {
		h.n--
		return h, nil
	}
	if !isNone(err) {
		return h, err
	}
	if err := t.row(ctx, lastEntry).Scan(&h.n, &h.hash); err != nil && !isNone(err) {
		return h, err
	}
	h.mac = brokenMAC + strconv.FormatInt(h.n+1, 10)
	_, err = t.exec(ctx, makeHead, h.n, h.hash, h.mac)
	return h, err
}

// SignAudit begins to sign the end of the audit, unless it was begun before: a
// database that this start made, an installation of an older version, or one
// whose keys were lost, is taken as it is, and an entry of the audit says so if
// there was one. Call it once at the start, with the keys in Config.
func (s *Store) SignAudit(ctx context.Context, by Actor) error {
	if len(s.signer.keys) == 0 || s.signer.begun() && !s.fresh {
		return nil
	}
	var unsigned int64
	err := s.update(ctx, "sign the audit", func(ctx context.Context, t *txn) error {
		h, err := t.lockHead(ctx)
		if err != nil {
			return err
		}
		if unsigned = h.n; s.signer.signed(h) { // another process was faster
			unsigned = 0
		}
		if _, err := t.exec(ctx, setHead, h.n, h.hash, macOf(s.signer.keys[0], h.n, h.hash)); err != nil {
			return err
		}
		if unsigned > 0 {
			t.audit(by, "audit.sign", "", map[string]string{"entries_before": itoa(unsigned)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if unsigned > 0 {
		s.cfg.Log.WarnContext(ctx, "the end of the audit is signed from now on; what was taken from its end before is not found", slog.Int64("entries_before", unsigned))
	}
	f, err := os.OpenFile(s.signer.mark, os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString("The end of the audit is signed. Without this file the next start takes it as it is.\n")
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return &errs.Error{Op: "note that the audit is signed", Kind: errs.Unavailable, File: s.signer.mark, Err: err}
	}
	return syncDir(filepath.Dir(s.signer.mark))
}
