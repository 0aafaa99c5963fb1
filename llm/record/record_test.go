package record_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"triagent/internal/errs"
	"triagent/internal/seal"
	"triagent/llm"
	"triagent/llm/record"
)

type model func(llm.Question) (llm.Answer, error)

func (m model) Ask(_ context.Context, q llm.Question) (llm.Answer, error) { return m(q) }

// TestReplay gives back to the letter what was answered, failures too, with and
// without encryption, and knows nothing else.
func TestReplay(t *testing.T) {
	keys, err := seal.Open(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	for name, store := range map[string]*record.Folder{"plain": {Dir: t.TempDir()}, "sealed": {Dir: t.TempDir(), Seal: keys}} {
		t.Run(name, func(t *testing.T) {
			rec := &record.Recorder{Model: "m", Store: store, Of: model(func(q llm.Question) (llm.Answer, error) {
				if q.User == "fail" {
					return llm.Answer{Usage: llm.Usage{Calls: 1}}, &llm.Failure{Why: llm.Cut, Err: errors.New("too long")}
				}
				return llm.Answer{Text: "on " + q.User, Usage: llm.Usage{Calls: 1, PromptTokens: 7}}, nil
			})}
			good := llm.Question{System: "s", User: "canary-4711", Schema: json.RawMessage(`{"type": "object"}`), Incident: "inc-1", Tenant: "a"}
			for _, q := range []llm.Question{good, {User: "fail"}} {
				_, _ = rec.Ask(t.Context(), q)
			}
			re := &record.Replay{Model: "m", Store: store}
			good.Incident, good.Tenant = "inc-2", "b" // nobody's answer changes with them
			a, err := re.Ask(t.Context(), good)
			if err != nil || a.Text != "on canary-4711" || a.Usage.PromptTokens != 7 {
				t.Errorf("%+v %v", a, err)
			}
			if _, err := re.Ask(t.Context(), llm.Question{User: "fail"}); llm.WhyOf(err) != llm.Cut || !strings.Contains(err.Error(), "too long") {
				t.Errorf("%v", err)
			}
			if _, err := re.Ask(t.Context(), llm.Question{User: "other"}); errs.KindOf(err) != errs.NotFound {
				t.Errorf("a question that was never asked: %v", err)
			}
			if _, err := (&record.Replay{Model: "n", Store: store}).Ask(t.Context(), good); errs.KindOf(err) != errs.NotFound {
				t.Errorf("another model: %v", err)
			}
			raw, err := os.ReadFile(filepath.Join(store.Dir, record.Address("m", good)[:2], record.Address("m", good)+".json"))
			if err != nil || strings.Contains(string(raw), "canary") == (store.Seal != nil) {
				t.Errorf("file %.60q %v", raw, err)
			}
		})
	}
}

// TestPlaces keeps what is no address out of the file system, and one sealed
// exchange out of the place of another.
func TestPlaces(t *testing.T) {
	keys, err := seal.Open(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	store := &record.Folder{Dir: t.TempDir(), Seal: keys}
	if err := store.Put(t.Context(), "../../etc/passwd", record.Exchange{}); errs.KindOf(err) != errs.Invalid {
		t.Errorf("%v", err)
	}
	a, b := record.Address("m", llm.Question{User: "a"}), record.Address("m", llm.Question{User: "b"})
	if err := store.Put(t.Context(), a, record.Exchange{Answer: llm.Answer{Text: "of a"}}); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(store.Dir, a[:2], a+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll(filepath.Join(store.Dir, b[:2]), 0o700), os.WriteFile(filepath.Join(store.Dir, b[:2], b+".json"), raw, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Get(t.Context(), b); err == nil {
		t.Error("the answer to another question was taken")
	}
}

// TestLost gives the answer where it cannot be written down, and tells that.
func TestLost(t *testing.T) {
	file := filepath.Join(t.TempDir(), "no-folder")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var lost error
	rec := &record.Recorder{
		Model: "m", Store: &record.Folder{Dir: file}, Lost: func(err error) { lost = err },
		Of: model(func(llm.Question) (llm.Answer, error) { return llm.Answer{Text: "ok"}, nil }),
	}
	if a, err := rec.Ask(t.Context(), llm.Question{}); err != nil || a.Text != "ok" || lost == nil {
		t.Errorf("%+v %v, lost %v", a, err, lost)
	}
}
