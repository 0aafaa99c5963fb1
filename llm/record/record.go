// Package record keeps what models were asked and what they answered, so that a
// diagnosis can be explained a year later (audit) and made again to the letter
// without a model (replay). An exchange has the address of its question: the
// same question has the same address in every installation.
package record

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"triagent/internal/errs"
	"triagent/internal/whole"
	"triagent/llm"
)

// Exchange is a question as it left, redacted, with its answer.
type Exchange struct {
	Question llm.Question `json:"question"`
	Answer   llm.Answer   `json:"answer"`
	Why      llm.Why      `json:"why,omitempty"`   // it was not answered
	Error    string       `json:"error,omitempty"` // in words
	At       time.Time    `json:"at"`
}

// Address is the address of a question put to a model of that name: what it is
// about and who pays do not count, since they change no answer.
func Address(model string, q llm.Question) string {
	q.Incident, q.Tenant = "", ""
	raw, err := json.Marshal(struct {
		Model    string
		Question llm.Question
	}{model, q})
	if err != nil { // a schema that is no JSON; the question says which
		raw = fmt.Appendf(nil, "%s\x00%s\x00%s\x00%s\x00%s\x00%d\x00%g", model, q.Name, q.System, q.User, q.Schema, q.MaxTokens, q.Temperature)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// Store keeps exchanges by address. Implementations are safe for concurrent use.
type Store interface {
	Put(ctx context.Context, address string, x Exchange) error
	// Get returns an error of kind errs.NotFound where there is none.
	Get(ctx context.Context, address string) (Exchange, error)
}

// Recorder is a llm.Model that writes down what goes through it. An answer that
// cannot be written down is given all the same, and Lost is told.
type Recorder struct {
	Of    llm.Model
	Model string // its name
	Store Store
	Lost  func(error) // may be nil
}

// Ask asks and writes down.
func (r *Recorder) Ask(ctx context.Context, q llm.Question) (llm.Answer, error) {
	a, err := r.Of.Ask(ctx, q)
	x := Exchange{Question: q, Answer: a, At: time.Now().UTC()}
	if err != nil {
		x.Why, x.Error = llm.WhyOf(err), err.Error()
	}
	if werr := r.Store.Put(context.WithoutCancel(ctx), Address(r.Model, q), x); werr != nil && r.Lost != nil {
		r.Lost(werr)
	}
	return a, err
}

// Replay is a llm.Model that knows what was answered before, and nothing else.
type Replay struct {
	Model string
	Store Store
}

// Ask returns the answer or the failure of then.
func (r *Replay) Ask(ctx context.Context, q llm.Question) (llm.Answer, error) {
	x, err := r.Store.Get(ctx, Address(r.Model, q))
	switch {
	case errs.KindOf(err) == errs.NotFound:
		return llm.Answer{}, llm.Failed(llm.Down, errs.NotFound, "this question (%s, %.12s) was not recorded", q.Name, Address(r.Model, q))
	case err != nil:
		return llm.Answer{}, llm.Failed(llm.Down, errs.Unavailable, "%w", err)
	case x.Why != "":
		return x.Answer, &llm.Failure{Endpoint: x.Answer.Endpoint, Why: x.Why, Err: errors.New(x.Error)}
	}
	return x.Answer, nil
}

// Sealer encrypts a text under the name of its field: seal.Sealer is one.
type Sealer interface {
	Seal(field, plain string) (string, error)
	Open(field, sealed string) (string, error)
}

// Folder is a Store of one file an exchange. With a Sealer they are encrypted.
type Folder struct {
	Dir  string
	Seal Sealer // nil: plain JSON, for tests and recorded cases
}

// Put writes the file of an exchange, whole or not at all.
func (f *Folder) Put(_ context.Context, address string, x Exchange) error {
	path, err := f.path(address)
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(x, "", " ")
	text := string(raw)
	if err == nil && f.Seal != nil {
		text, err = f.Seal.Seal(field+address, text)
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = write(path, text)
	}
	if err != nil {
		return &errs.Error{Op: "record an answer", Kind: errs.Unavailable, File: path, Err: err}
	}
	return nil
}

// field is what texts are sealed as, with their address: one cannot be put in
// the place of another.
const field = "llm/record/"

func write(path, text string) error {
	f, err := whole.Create(path)
	if err != nil {
		return err
	}
	if _, err := f.Write([]byte(text)); err != nil {
		f.Discard()
		return err
	}
	return f.Commit()
}

// Get reads the file of an exchange.
func (f *Folder) Get(_ context.Context, address string) (Exchange, error) {
	var x Exchange
	path, err := f.path(address)
	if err != nil {
		return x, err
	}
	raw, err := os.ReadFile(path) //nolint:gosec // the name is a hash
	text := string(raw)
	if err == nil && f.Seal != nil {
		text, err = f.Seal.Open(field+address, text)
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &x)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return x, &errs.Error{Op: "read an answer", Kind: errs.NotFound, File: path, Err: err}
	case err != nil:
		return x, &errs.Error{Op: "read an answer", Kind: errs.Unavailable, File: path, Err: err}
	}
	return x, nil
}

// path is the file of an address, in one of 256 folders.
func (f *Folder) path(address string) (string, error) {
	if raw, err := hex.DecodeString(address); err != nil || len(raw) != sha256.Size {
		return "", errs.New(errs.Invalid, "%.80q is no address of an exchange", address)
	}
	return filepath.Join(f.Dir, address[:2], address+".json"), nil
}
