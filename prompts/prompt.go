// Package prompts holds what models are asked: for each prompt one text in each
// language and one form of the answer. It sees to it that an answer has that
// form, that it names nothing that does not exist, and asks once more where it
// does not. Text of the system that is diagnosed is data: it stands between marks
// that cannot occur in it, and every prompt says that nothing between them is an
// instruction.
package prompts

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"text/template"

	"github.com/google/jsonschema-go/jsonschema"

	"triagent/internal/errs"
	"triagent/llm"
)

//go:embed text/*.tmpl
var texts embed.FS

// Langs are the languages of every prompt.
var Langs = []string{"en", "zh"}

// Prompt is one question: an In fills its text, an Out is its answer. The fields
// of Out are described by tags, and strings of a closed list have a type that
// Lists knows.
type Prompt[In, Out any] struct {
	name  string
	limit int // tokens of the answer
	texts map[string]*template.Template
}

// define reads the texts of a prompt. They are part of the program: an error is
// a bug.
func define[In, Out any](name string, limit int) *Prompt[In, Out] {
	p := &Prompt[In, Out]{name: name, limit: limit, texts: map[string]*template.Template{}}
	for _, lang := range Langs {
		t := template.New(name).Funcs(template.FuncMap{"data": data}).Option("missingkey=error")
		p.texts[lang] = template.Must(t.ParseFS(texts, "text/common."+lang+".tmpl", "text/"+name+"."+lang+".tmpl"))
	}
	return p
}

// Name is the name of the prompt, as llm.Question has it.
func (p *Prompt[In, Out]) Name() string { return p.name }

// Call is who asks whom about what.
type Call struct {
	Model    llm.Model
	Lang     string // "en" or "zh"
	Incident string
	Tenant   string
	Lists    Lists
}

// Reply is what came of a call.
type Reply[Out any] struct {
	Out      Out
	Usage    llm.Usage // of all questions of the call
	Model    string    // that answered
	Problems []string  // of the first answer, which was asked for again; empty: it was good
}

// mostRepairs is how often an answer is asked for again.
const mostRepairs = 1

// Ask asks, holds the answer against its form and against check, which lists
// what is wrong with it in words for the model, and asks once more. An answer
// that is still wrong is a llm.Failure: llm.Garbled.
func (p *Prompt[In, Out]) Ask(ctx context.Context, c Call, in In, check func(*Out) []string) (Reply[Out], error) {
	var r Reply[Out]
	q, err := p.Question(c, in)
	if err != nil {
		return r, err
	}
	user := q.User
	for try := 0; ; try++ {
		a, err := c.Model.Ask(ctx, q)
		r.Usage = r.Usage.Add(a.Usage)
		if err != nil {
			return r, err
		}
		r.Model = a.Model
		problems := p.read(q.Schema, a.Text, &r.Out)
		if len(problems) == 0 && check != nil {
			problems = check(&r.Out)
		}
		if len(problems) == 0 {
			return r, nil
		}
		if try == mostRepairs {
			return r, llm.Failed(llm.Garbled, errs.Unavailable, "the answer to %s does not hold: %s", p.name, strings.Join(problems, "; "))
		}
		r.Problems = problems
		if q.User, err = p.again(c.Lang, user, a.Text, problems); err != nil {
			return r, err
		}
	}
}

// Question makes the question that Ask asks.
func (p *Prompt[In, Out]) Question(c Call, in In) (llm.Question, error) {
	q := llm.Question{Name: p.name, MaxTokens: p.limit, Incident: c.Incident, Tenant: c.Tenant}
	schema, err := form[Out](c.Lists)
	if err != nil {
		return q, err
	}
	if q.Schema, err = json.Marshal(schema); err != nil {
		return q, fmt.Errorf("form of %s: %w", p.name, err)
	}
	if q.System, err = p.say(c.Lang, "system", nil); err != nil {
		return q, err
	}
	q.User, err = p.say(c.Lang, "user", in)
	return q, err
}

func (p *Prompt[In, Out]) say(lang, part string, with any) (string, error) {
	t := p.texts[lang]
	if t == nil {
		return "", errs.New(errs.Invalid, "there is no prompt in language %q", lang)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, part, with); err != nil {
		return "", fmt.Errorf("prompt %s: %w", p.name, err)
	}
	return strings.TrimSpace(b.String()), nil
}

// mostShown is how much of a bad answer is shown to whoever gave it, in bytes.
const mostShown = 2000

// again is a question with what was wrong with its answer.
func (p *Prompt[In, Out]) again(lang, user, answer string, problems []string) (string, error) {
	const most = 12
	answer = strings.ToValidUTF8(answer[:min(len(answer), mostShown)], "")
	repair, err := p.say(lang, "again", struct {
		Answer   string
		Problems []string
	}{answer, problems[:min(len(problems), most)]})
	return user + "\n\n" + repair, err
}

// read reads an answer into out, strictly, and says what is wrong with it.
func (p *Prompt[In, Out]) read(schema json.RawMessage, text string, out *Out) []string {
	var zero Out
	*out = zero
	raw := object(text)
	if raw == "" {
		return []string{"the answer is no JSON object"}
	}
	var any map[string]any
	d := json.NewDecoder(strings.NewReader(raw))
	if err := d.Decode(&any); err != nil {
		return []string{"the answer is no JSON: " + err.Error()}
	}
	if _, err := d.Token(); err != io.EOF { //nolint:errorlint // a decoder returns it as it is
		return []string{"there is more than one JSON object"}
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(schema, &s); err != nil {
		return []string{err.Error()}
	}
	form, err := s.Resolve(nil)
	if err == nil {
		err = form.Validate(any)
	}
	if err != nil {
		return []string{"the answer does not have its form: " + short(err)}
	}
	if err := json.Unmarshal([]byte(raw), out); err != nil {
		return []string{"the answer does not have its form: " + short(err)}
	}
	return nil
}

func short(err error) string { return fmt.Sprintf("%.300s", err) }

// object cuts the JSON object out of an answer: models put it into code fences
// and words before it.
func object(text string) string {
	from, to := strings.IndexByte(text, '{'), strings.LastIndexByte(text, '}')
	if from < 0 || to < from {
		return ""
	}
	return text[from : to+1]
}

// Lists are the closed lists of a call: what an answer may name. A list without
// entries leaves the strings of its type free.
type Lists map[reflect.Type][]string

// form is the JSON schema of an answer, with the closed lists of the call.
func form[Out any](lists Lists) (*jsonschema.Schema, error) {
	types := map[reflect.Type]*jsonschema.Schema{}
	for t, names := range lists {
		s := &jsonschema.Schema{Type: "string"}
		for _, n := range names {
			s.Enum = append(s.Enum, n)
		}
		types[t] = s
	}
	s, err := jsonschema.For[Out](&jsonschema.ForOptions{TypeSchemas: types})
	if err != nil {
		return nil, fmt.Errorf("form of the answer: %w", err)
	}
	strict(s)
	return s, nil
}

// strict makes of what Go can hold what servers take that bind a model to a
// schema: no list is null.
func strict(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if len(s.Types) == 2 {
		for _, t := range s.Types {
			if t != "null" {
				s.Type, s.Types = t, nil
				break
			}
		}
	}
	strict(s.Items)
	for _, p := range s.Properties {
		strict(p)
	}
}
