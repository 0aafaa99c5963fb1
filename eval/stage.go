package eval

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"triagent/eval/perturb"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// neutral is the name of a case in what an engine sees: it tells nothing about
// the set, the answer or the order of cases.
func neutral(seed uint64, parts ...string) string {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d %q", seed, parts) // a hash never fails
	return fmt.Sprintf("case-%016x", h.Sum64())
}

// view is what an engine is given of a bundle.
type view struct {
	in     incident.Incident // its times
	names  *names            // nil: nodes keep their names
	change *perturb.Change   // nil: none
	leave  []string          // members whose first part is here stay out
}

// stage writes to folder dst the bundle that an engine is given: the members of
// b, without its truth, with the id of the folder and as v has it.
func stage(ctx context.Context, b *telemetry.Bundle, v view, dst string) error {
	if err := os.MkdirAll(dst, 0o755); err != nil {
		return err
	}
	if v.change == nil {
		v.change = &perturb.Change{}
	}
	names, in := v.names, v.in
	for _, m := range b.Members() {
		base, _, _ := strings.Cut(m, ".")
		edit, edited := v.change.Edits[m]
		if slices.Contains(v.leave, base) || edited && edit == nil {
			continue
		}
		var err error
		switch {
		case edited:
			err = stageEdited(ctx, b, m, dst, edit)
		case base == "incident":
			err = stageIncident(ctx, b, in, m, dst, names)
		case names != nil:
			err = stageRenamed(ctx, b, m, dst, names)
		default:
			err = stagePlain(ctx, b, m, dst)
		}
		if err != nil {
			return fmt.Errorf("stage %s: %w", m, err)
		}
	}
	for m, write := range v.change.More {
		if err := writeMember(dst, m, write); err != nil {
			return fmt.Errorf("stage %s: %w", m, err)
		}
	}
	return nil
}

// stageEdited writes a member as an edit makes it.
func stageEdited(ctx context.Context, b *telemetry.Bundle, member, dst string, edit perturb.Edit) error {
	r, err := b.Member(ctx, member)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	return writeMember(dst, plain(member), func(w io.Writer) error { return edit(r, w) })
}

func writeMember(dst, member string, write func(w io.Writer) error) (err error) {
	to := filepath.Join(dst, filepath.FromSlash(member))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	return write(f)
}

// stagePlain links a member where it can, and copies it where the bundle is an
// archive or lies on another file system.
func stagePlain(ctx context.Context, b *telemetry.Bundle, member, dst string) error {
	to := filepath.Join(dst, filepath.FromSlash(member))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	from := filepath.Join(b.Path, filepath.FromSlash(member))
	if os.Link(from, to) == nil {
		return nil
	}
	if raw, err := os.Open(from); err == nil {
		defer func() { _ = raw.Close() }()
		return fill(to, raw)
	}
	r, err := b.Member(ctx, member)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	return fill(plain(to), r)
}

// plain is the name of a member once it is decompressed.
func plain(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
}

func fill(name string, r io.Reader) (err error) {
	w, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := w.Close(); err == nil {
			err = cerr
		}
	}()
	_, err = io.Copy(w, r)
	return err
}

// stageIncident rewrites incident.json: everything that it holds stays, but for
// the id and the times that were moved.
func stageIncident(ctx context.Context, b *telemetry.Bundle, in incident.Incident, member, dst string, names *names) error {
	r, err := b.Member(ctx, member)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if names != nil {
		text = []byte(names.to.Replace(string(text)))
	}
	doc := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &doc); err != nil {
		return errs.At(filepath.Join(b.Path, member), 0, 0, "%w", err)
	}
	old := b.Incident
	for _, set := range []struct {
		key     string
		changed bool
		value   any
	}{
		{"id", true, filepath.Base(dst)},
		{"window", in.Window != old.Window, wireWindow(in.Window)},
		{"baseline", in.Baseline != old.Baseline, wireWindow(in.Baseline)},
	} {
		if !set.changed {
			continue
		}
		if doc[set.key], err = json.Marshal(set.value); err != nil {
			return err
		}
	}
	if !in.Alert.Time.Equal(old.Alert.Time) {
		if doc["alert"], err = withTime(doc["alert"], in.Alert.Time); err != nil {
			return err
		}
	}
	if text, err = json.MarshalIndent(doc, "", " "); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dst, "incident.json"), text, 0o644)
}

func wireWindow(w incident.Window) map[string]time.Time {
	return map[string]time.Time{"from": w.From.UTC(), "to": w.To.UTC()}
}

func withTime(alert json.RawMessage, at time.Time) (json.RawMessage, error) {
	doc := map[string]any{}
	if len(alert) > 0 {
		if err := json.Unmarshal(alert, &doc); err != nil {
			return nil, err
		}
	}
	doc["at"] = at.UTC()
	return json.Marshal(doc)
}
