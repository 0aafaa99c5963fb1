package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"triagent/internal/errs"
)

const (
	uploadColumns = `id, user_id, name, size, sha256, received, bundle, created, expires`
	insertUpload  = `INSERT INTO uploads (` + uploadColumns + `, holder, lease) VALUES ($1, $2, $3, $4, $5, 0, '', $6, $7, '', 0)`
	readUpload    = `SELECT ` + uploadColumns + ` FROM uploads WHERE id = $1`
	// claimUpload leaves who writes here to the lease. This process has let go of
	// its own before it claims, and on SQLite those of others are of starts that
	// ended.
	claimUpload = `UPDATE uploads SET holder = $1, lease = $2 WHERE id = $3 AND received = $4 AND bundle = ''
	AND (lease <= $5 OR holder = $6 OR $7 = 1)`
	uploadHeld   = `SELECT lease FROM uploads WHERE id = $1`
	growUpload   = `UPDATE uploads SET received = $1, lease = $2, expires = $3 WHERE id = $4 AND holder = $5`
	freeUpload   = `UPDATE uploads SET holder = '', lease = 0 WHERE id = $1 AND holder = $2`
	nameUpload   = `UPDATE uploads SET bundle = $1 WHERE id = $2 AND bundle = '' AND received = size`
	deleteUpload = `DELETE FROM uploads WHERE id = $1`
	lockUploads  = `UPDATE counters SET value = value + 1 WHERE name = 'uploads'`
	openUploads  = `SELECT COUNT(*), COALESCE(SUM(size), 0) FROM uploads WHERE user_id = $1 AND bundle = '' AND expires > $2`
	oldestUpload = `SELECT id FROM uploads WHERE user_id = $1 AND bundle = '' AND expires > $2 ORDER BY created, id LIMIT 1`
	pastUploads  = `SELECT ` + uploadColumns + ` FROM uploads WHERE expires <= $1 LIMIT 1000`
)

// How uploads are kept alive.
const (
	uploadLife  = 24 * time.Hour   // without a new piece
	uploadLease = 2 * time.Minute  // of who writes a piece; renewed with each step
	uploadPause = 5 * time.Second  // before another try, where it is not known when the other ends
	uploadStep  = 8 << 20          // bytes after which a piece is made durable
	partExt     = ".part"          // of the files of uploads
	maxUpload   = int64(256) << 30 // bytes; a bound for the disk's sake, the caller's is smaller
)

// busyIDs are the uploads that this process writes to.
type busyIDs struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (b *busyIDs) enter(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ids[id] {
		return false
	}
	if b.ids == nil {
		b.ids = map[string]bool{}
	}
	b.ids[id] = true
	return true
}

func (b *busyIDs) leave(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.ids, id)
}

func scanUpload(row scanner) (u Upload, err error) {
	var created, expires int64
	err = row.Scan(&u.ID, &u.User, &u.Name, &u.Size, &u.SHA256, &u.Offset, &u.Bundle, &created, &expires)
	u.Created, u.Expires = moment(created), moment(expires)
	return u, err
}

// ErrManyUploads says that a user has as many uploads under way as they may.
var ErrManyUploads = errors.New("too many uploads are under way")

// CreateUpload begins an upload of u.Size bytes, called u.Name by u.User, with
// the hex SHA-256 that it must have, if one is given. ID, Created and Expires
// are made here. ErrNoRoom if the disk has no room for it, ErrManyUploads if the
// user has too many, or too large ones, under way.
func (s *Store) CreateUpload(ctx context.Context, u Upload) (Upload, error) {
	if u.Size <= 0 || u.Size > maxUpload {
		return u, errs.New(errs.Invalid, "an upload cannot have %d bytes", u.Size)
	}
	u.SHA256 = strings.ToLower(u.SHA256)
	if sum, err := hex.DecodeString(u.SHA256); err != nil || len(sum) != 0 && len(sum) != sha256.Size {
		return u, errs.New(errs.Invalid, "the SHA-256 of an upload has 64 hexadecimal digits")
	}
	if err := s.HasRoom(u.Size); err != nil {
		return u, err
	}
	u.ID, u.Name, u.Offset, u.Bundle = newID(), clip(u.Name, 500), 0, ""
	f, err := os.OpenFile(s.part(u.ID), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err != nil {
		return u, disk("begin an upload", err)
	}
	if err := syncDir(filepath.Join(s.cfg.Blobs, partDir)); err != nil {
		return u, err
	}
	err = s.update(ctx, "begin an upload", func(ctx context.Context, t *txn) error {
		if err := s.mayUpload(ctx, t, u); err != nil {
			return err
		}
		u.Created, u.Expires = t.at, t.at.Add(uploadLife)
		_, err := t.exec(ctx, insertUpload, u.ID, u.User, u.Name, u.Size, u.SHA256, nanos(u.Created), nanos(u.Expires))
		return err
	})
	if err != nil {
		err = errors.Join(err, removed(s.part(u.ID)))
	}
	return u, err
}

// mayUpload gives ErrManyUploads if u would be one too many of its user.
func (s *Store) mayUpload(ctx context.Context, t *txn, u Upload) error {
	if _, err := t.exec(ctx, lockUploads); err != nil {
		return err
	}
	var n int
	var bytes int64
	if err := t.row(ctx, openUploads, u.User, nanos(t.at)).Scan(&n, &bytes); err != nil {
		return err
	}
	if n < s.cfg.Uploads && (n == 0 || bytes+u.Size <= s.cfg.Announced) {
		return nil
	}
	var oldest string
	if err := t.row(ctx, oldestUpload, u.User, nanos(t.at)).Scan(&oldest); err != nil {
		return err
	}
	return &errs.Error{
		Kind: errs.Unavailable, Err: ErrManyUploads,
		Remedy: fmt.Sprintf("%d uploads with %d MB are under way: finish one or give one up (the oldest by DELETE /api/v1/uploads/%s); what nobody goes on with ends after a day", n, bytes>>20, oldest),
	}
}

// removed removes a file; none is no error.
func removed(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return disk("remove an upload", err)
	}
	return nil
}

// part is where the bytes of an upload gather. IDs are the store's own: whoever
// calls has found the row.
func (s *Store) part(id string) string {
	return filepath.Join(s.cfg.Blobs, partDir, filepath.Base(id)+partExt)
}

// Upload returns an upload. NotFound if there is none.
func (s *Store) Upload(ctx context.Context, id string) (Upload, error) {
	u, err := scanUpload(s.row(ctx, readUpload, id))
	if isNone(err) {
		return u, missing("upload", id)
	}
	return u, kinded("read an upload", err)
}

// AppendUpload writes what r yields at the offset, which must be that of the
// upload: ErrStale otherwise. It returns the upload as it is then; bytes up to
// its Offset are durable, also if r fails on the way. More bytes than the
// upload has room for are kind errs.Invalid. One caller at a time: others get
// errs.Unavailable.
func (s *Store) AppendUpload(ctx context.Context, id string, offset int64, r io.Reader) (Upload, error) {
	u, err := s.Upload(ctx, id)
	if err != nil {
		return u, err
	}
	if u.Offset != offset || u.Bundle != "" {
		return u, &errs.Error{
			Op: "continue the upload at byte " + itoa(offset), Kind: errs.Denied, Err: ErrStale,
			Remedy: "continue at byte " + itoa(u.Offset),
		}
	}
	if !s.uploads.enter(id) {
		return u, busy(uploadPause)
	}
	defer s.uploads.leave(id)
	err = s.update(ctx, "continue an upload", func(ctx context.Context, t *txn) error {
		alone := flag(s.dialect == SQLite)
		n, err := t.exec(ctx, claimUpload, s.holder, nanos(t.at.Add(uploadLease)), id, offset, nanos(t.at), s.holder, alone)
		if err != nil || n > 0 {
			return err
		}
		var lease int64
		if err := t.row(ctx, uploadHeld, id).Scan(&lease); err != nil {
			return err
		}
		return busy(max(moment(lease).Sub(t.at), uploadPause))
	})
	if err != nil {
		return u, err
	}
	err = s.grow(ctx, u, r)
	ctx = context.WithoutCancel(ctx) // whoever gave up leaves no claim behind
	free := s.run(ctx, "let go of an upload", freeUpload, id, s.holder)
	now, readErr := s.Upload(ctx, id)
	return now, errors.Join(err, free, readErr)
}

// BusyError says that another request writes to an upload.
type BusyError struct {
	After time.Duration // when it is over at the latest, or worth another try
}

func (e *BusyError) Error() string { return "another request writes to this upload" }

func busy(after time.Duration) error {
	return &errs.Error{Kind: errs.Unavailable, Err: &BusyError{after}, Remedy: "wait for it to end, then go on where the upload is"}
}

// grow writes r to the file of an upload that this process has claimed.
func (s *Store) grow(ctx context.Context, u Upload, r io.Reader) error {
	f, err := os.OpenFile(s.part(u.ID), os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return errs.New(errs.NotFound, "the bytes of the upload are not there any more: begin a new one")
	}
	if err != nil {
		return disk("continue an upload", err)
	}
	defer func() { _ = f.Close() }() // every step was synced
	at := u.Offset
	body := reader{ctx, r}
	for {
		want := min(uploadStep, u.Size-at)
		if err := s.HasRoom(want); err != nil {
			return err
		}
		n, readErr := io.Copy(io.NewOffsetWriter(f, at), io.LimitReader(body, want))
		if n > 0 {
			if err := f.Sync(); err != nil {
				return disk("write an upload", err)
			}
			at += n
			if err := s.advance(context.WithoutCancel(ctx), u.ID, at); err != nil {
				return err
			}
		}
		switch {
		case readErr != nil && noSpace(readErr):
			return full("write an upload", readErr)
		case readErr != nil:
			return &errs.Error{Op: "receive an upload", Kind: errs.Unavailable, Err: readErr}
		case n < want:
			return nil
		case at == u.Size:
			if n, _ := io.ReadFull(body, make([]byte, 1)); n > 0 {
				return errs.New(errs.Invalid, "the upload has more bytes than the %d that were announced", u.Size)
			}
			return nil
		}
	}
}

// advance notes how far an upload is.
func (s *Store) advance(ctx context.Context, id string, at int64) error {
	return s.update(ctx, "continue an upload", func(ctx context.Context, t *txn) error {
		n, err := t.exec(ctx, growUpload, at, nanos(t.at.Add(uploadLease)), nanos(t.at.Add(uploadLife)), id, s.holder)
		if err == nil && n == 0 {
			return busy(uploadPause)
		}
		return err
	})
}

// FinishUpload makes a bundle of an upload whose bytes are all there and are
// what was announced, and returns its name. It may be called again: the name
// stays the same. Invalid if bytes are missing or the SHA-256 is another.
func (s *Store) FinishUpload(ctx context.Context, id string) (string, error) {
	u, err := s.Upload(ctx, id)
	if err != nil {
		return "", err
	}
	if u.Bundle == "" {
		if u.Offset != u.Size {
			return "", errs.New(errs.Invalid, "the upload has %d of %d bytes: send the rest first", u.Offset, u.Size)
		}
		if err := s.checkSum(ctx, u); err != nil {
			return "", err
		}
		if err := s.run(ctx, "name the bundle", nameUpload, BundleName(extension(u.Name)), id); err != nil {
			return "", err
		}
		if u, err = s.Upload(ctx, id); err != nil {
			return "", err
		}
	}
	path, err := s.bundle(u.Bundle)
	if err != nil {
		return "", err
	}
	switch _, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return u.Bundle, s.place(s.part(id), path)
	case err != nil:
		return "", disk("find the bundle", err)
	}
	return u.Bundle, nil // it was placed before
}

// checkSum compares the bytes of an upload with what was announced.
func (s *Store) checkSum(ctx context.Context, u Upload) error {
	if u.SHA256 == "" {
		return nil
	}
	f, err := os.Open(s.part(u.ID))
	if err != nil {
		return disk("read an upload", err)
	}
	defer func() { _ = f.Close() }() // only read
	h := sha256.New()
	if _, err := io.Copy(h, reader{ctx, f}); err != nil {
		return disk("read an upload", err)
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != u.SHA256 {
		return errs.New(errs.Invalid, "the upload has the SHA-256 %s, announced was %s: send it again", sum, u.SHA256)
	}
	return nil
}

// extension is the ending of a user's file name, if it is one that a bundle
// may have.
func extension(name string) string {
	name = strings.ToLower(name)
	for _, e := range []string{".tar.gz", ".tgz", ".tar.zst", ".tar", ".zip", ".gz", ".zst"} {
		if strings.HasSuffix(name, e) {
			return e
		}
	}
	return ""
}

// DeleteUpload gives an upload up. A bundle that came of it stays. None is no
// error. The bytes go first: on a full disk that makes the room to note it.
func (s *Store) DeleteUpload(ctx context.Context, id string) error {
	u, err := s.Upload(ctx, id)
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if err := removed(s.part(u.ID)); err != nil {
		return err
	}
	return s.run(ctx, "delete an upload", deleteUpload, u.ID)
}
