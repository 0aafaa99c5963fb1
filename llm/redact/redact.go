// Package redact takes out of a question what must not leave the machine, and
// puts it back into the answer. Secrets become [secret] and are gone; mail
// addresses, IP addresses, host names and the names of nodes become others that
// stand for them, the same in every question of an installation. Where that
// cannot be done, nothing is asked.
package redact

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"triagent/internal/errs"
	"triagent/llm"
)

// Settings are the user's rules.
type Settings struct {
	// Patterns are regular expressions (RE2) of what else is hidden behind a name;
	// with a group, only that.
	Patterns []string `yaml:"patterns"`
	// Secrets are regular expressions of what else is a secret.
	Secrets []string `yaml:"secrets"`
	// Keep are names that may leave as they are, as that of a public host.
	Keep []string `yaml:"keep"`
}

// Redactor hides and shows. It is safe for concurrent use.
type Redactor struct {
	finders []finder
	keep    map[string]bool
	key     []byte
}

// New makes a Redactor. The key makes names that stand for others: whoever has
// it can try out what a name stands for.
func New(s Settings, key []byte) (*Redactor, error) {
	if len(key) < 16 {
		return nil, errs.New(errs.Invalid, "the key that names are made with has %d bytes, and needs 16", len(key))
	}
	r := &Redactor{key: slices.Clone(key), keep: map[string]bool{}}
	for _, k := range s.Keep {
		r.keep[strings.ToLower(k)] = true
	}
	for _, g := range []struct {
		name  string
		kind  Kind
		forms []string
	}{{"secrets", Secret, s.Secrets}, {"patterns", Custom, s.Patterns}} {
		for i, form := range g.forms {
			e, err := regexp.Compile(form)
			if err != nil {
				return nil, errs.New(errs.Invalid, "%s[%d]: it is no regular expression: %w", g.name, i, err)
			}
			r.finders = append(r.finders, finder{kind: g.kind, form: e})
		}
	}
	r.finders = append(r.finders, finders...)
	return r, nil
}

// Change is one thing that was hidden.
type Change struct {
	Kind  Kind
	Real  string // empty: a secret, which is kept nowhere
	Shown string
	Times int
}

// Veil is what was hidden in the texts of one conversation. It is not safe for
// concurrent use.
type Veil struct {
	r       *Redactor
	names   *names
	shown   map[string]string // by kind and real name
	real    map[string]string // by shown name
	changes map[string]*Change
}

// Veil begins a conversation about an incident whose nodes have these names.
func (r *Redactor) Veil(nodes []string) *Veil {
	return &Veil{r: r, names: newNames(nodes, r.keep), shown: map[string]string{}, real: map[string]string{}, changes: map[string]*Change{}}
}

// hiddenSecret stands for every secret.
const hiddenSecret = "[secret]"

// Hide returns a text without what must not leave.
func (v *Veil) Hide(text string) string {
	var b strings.Builder
	at := 0
	for _, f := range v.find(text) {
		piece := text[f.from:f.to]
		if v.r.keep[strings.ToLower(piece)] {
			continue
		}
		b.WriteString(text[at:f.from])
		b.WriteString(v.stand(f.kind, piece))
		at = f.to
	}
	b.WriteString(text[at:])
	return b.String()
}

// stand returns the name that stands for a piece.
func (v *Veil) stand(kind Kind, piece string) string {
	key := string(kind) + " " + piece
	if kind == Secret {
		key, piece = string(kind), ""
	}
	if c := v.changes[key]; c != nil {
		c.Times++
		return c.Shown
	}
	shown := hiddenSecret
	if kind != Secret {
		shown = v.name(kind, piece)
		v.real[shown] = piece
	}
	v.changes[key] = &Change{kind, piece, shown, 1}
	return shown
}

// letters are those of names that stand for others: no two look alike, and no
// word can come of them.
var letters = base32.NewEncoding("bcdfghjkmnpqrstvwxz23456789BCDFG").WithPadding(base32.NoPadding)

// name makes a name: the kind and as much of a keyed hash as tells it from the
// others of the conversation.
func (v *Veil) name(kind Kind, piece string) string {
	mac := hmac.New(sha256.New, v.r.key)
	_, _ = fmt.Fprintf(mac, "%s\x00%s", kind, strings.ToLower(piece))
	code := strings.ToLower(letters.EncodeToString(mac.Sum(nil)))
	for n := 4; ; n++ {
		shown := string(kind) + "-" + code[:n]
		if _, taken := v.real[shown]; !taken || n >= len(code) {
			return shown
		}
	}
}

// stands is the form of what stands for something else.
var stands = regexp.MustCompile(`\[secret\]|\b(?:mail|ip|host|node|name)-[bcdfghjkmnpqrstvwxz23456789]{4,52}\b`)

// Show puts back what names stand for. Those that a model made up stay.
func (v *Veil) Show(text string) string {
	return stands.ReplaceAllStringFunc(text, func(shown string) string {
		if real, ok := v.real[shown]; ok {
			return real
		}
		return shown
	})
}

// Changes lists what was hidden so far, by kind and name.
func (v *Veil) Changes() []Change {
	out := make([]Change, 0, len(v.changes))
	for _, c := range v.changes {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Change) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Shown, b.Shown)) })
	return out
}

// Model is a llm.Model to which nothing goes that must not leave. It belongs to
// one conversation and is not safe for concurrent use.
type Model struct {
	Of   llm.Model
	Veil *Veil
}

// Ask hides, asks and shows. It fails as llm.Blocked where a text cannot be
// examined, or still holds a secret after it was.
func (m *Model) Ask(ctx context.Context, q llm.Question) (a llm.Answer, err error) {
	hidden, err := m.hide(q)
	if err != nil {
		return llm.Answer{}, err
	}
	a, err = m.Of.Ask(ctx, hidden)
	a.Text = m.Veil.Show(a.Text)
	return a, err
}

// hide fails closed: whatever goes wrong, nothing leaves.
func (m *Model) hide(q llm.Question) (out llm.Question, err error) {
	defer func() {
		if r := recover(); r != nil {
			out, err = llm.Question{}, llm.Failed(llm.Blocked, errs.Internal, "the question could not be examined for secrets: %v", r)
		}
	}()
	if m.Veil == nil {
		return llm.Question{}, llm.Failed(llm.Blocked, errs.Internal, "nothing examines the question for secrets")
	}
	out = q
	out.System, out.User = m.Veil.Hide(q.System), m.Veil.Hide(q.User)
	if len(q.Schema) > 0 { // it lists names
		out.Schema = json.RawMessage(m.Veil.Hide(string(q.Schema)))
		if !json.Valid(out.Schema) {
			return llm.Question{}, llm.Failed(llm.Blocked, errs.Internal, "the form of the answer could not be redacted")
		}
	}
	for _, text := range []string{out.System, out.User, string(out.Schema)} {
		if slices.ContainsFunc(m.Veil.find(text), func(f found) bool { return f.kind == Secret }) {
			return llm.Question{}, llm.Failed(llm.Blocked, errs.Denied, "the question still holds what looks like a secret after it was redacted")
		}
	}
	return out, nil
}
