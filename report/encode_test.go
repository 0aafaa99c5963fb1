package report

import (
	stdbytes "bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"triagent/incident"
	"triagent/internal/errs"
)

// TestEncodeFields compares every field name of the public file, in order, with
// the contract: a renamed or moved field breaks scripts.
func TestEncodeFields(t *testing.T) {
	b, err := Encode(sample(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "fields.txt", []byte(strings.Join(fields(t, b), "\n")+"\n"))
	if stdbytes.ContainsAny(b, "\n") {
		t.Error("more than one line")
	}
}

// fields lists the paths of every key of a JSON text, in order, each once.
func fields(t *testing.T, b []byte) []string {
	t.Helper()
	var out []string
	seen := map[string]bool{}
	dec := json.NewDecoder(stdbytes.NewReader(b))
	var walk func(path string) error
	walk = func(path string) error {
		tok, err := dec.Token()
		if err != nil {
			return err
		}
		d, ok := tok.(json.Delim)
		if !ok {
			return nil
		}
		for dec.More() {
			next := path + "[]"
			if d == '{' {
				key, err := dec.Token()
				if err != nil {
					return err
				}
				next = strings.TrimPrefix(fmt.Sprintf("%s.%s", path, key), ".")
			}
			if !seen[next] {
				seen[next] = true
				out = append(out, next)
			}
			if err := walk(next); err != nil {
				return err
			}
		}
		_, err = dec.Token()
		return err
	}
	if err := walk(""); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEncodeGolden(t *testing.T) {
	b, err := Encode(sample(), Options{Lang: Chinese, Words: words(t)})
	if err != nil {
		t.Fatal(err)
	}
	var pretty stdbytes.Buffer
	if err := json.Indent(&pretty, b, "", " "); err != nil {
		t.Fatal(err)
	}
	golden(t, "sample.zh.json", pretty.Bytes())
}

func TestDecode(t *testing.T) {
	for _, d := range []incident.Diagnosis{sample(), hostile(), {Incident: incident.Incident{ID: "empty"}, Verdict: incident.Healthy}} {
		b, err := Encode(d, Options{})
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Encode(back, Options{Lang: English})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(b), string(again)); diff != "" {
			t.Errorf("encode(decode(x)) is not x:\n%s", diff)
		}
	}
	// Nothing but the alert's further fields and worded texts may get lost.
	d := sample()
	b, err := Encode(d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	texts := cmpopts.IgnoreTypes(incident.Text{})
	if diff := cmp.Diff(d, got, cmpopts.EquateNaNs(), cmpopts.EquateEmpty(), texts); diff != "" {
		t.Errorf("decode(encode(x)) is not x:\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"no JSON", "{", "unexpected end"},
		{"something else", `{"a":1}`, "no version"},
		{"a later version", `{"version":2}`, "reads up to 1"},
		{"wrong type", `{"version":1,"causes":{}}`, "cannot unmarshal"},
		{"wrong time", `{"version":1,"causes":[{"onset":"soon"}]}`, "soon"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Decode([]byte(tt.in))
			if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an invalid with %q", err, tt.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, d := range []incident.Diagnosis{sample(), hostile()} {
		b, err := Encode(d, Options{})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Decode(b)
		if err != nil {
			return
		}
		if err := HTML(&stdbytes.Buffer{}, []Result{{Diagnosis: d}}, Options{}); err != nil {
			t.Fatal(err)
		}
		one, err := Encode(d, Options{})
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(one)
		if err != nil {
			t.Fatal(err)
		}
		two, err := Encode(back, Options{})
		if err != nil || !stdbytes.Equal(one, two) {
			t.Fatalf("%v\n%s\n%s", err, one, two)
		}
	})
}

func TestEncodeFailure(t *testing.T) {
	e := errs.At("metrics/a.csv", 7, 3, "%q is no number", "x")
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"place", fmt.Errorf("open b: %w", e), `{"version":1,"incident":"b","error":{"kind":"invalid","file":"metrics/a.csv","line":7,"column":3,"message":"\"x\" is no number"}}`},
		{"wrapped kind", &errs.Error{Op: "open", Kind: errs.Invalid, Err: e}, `{"version":1,"incident":"b","error":{"kind":"invalid","file":"metrics/a.csv","line":7,"column":3,"message":"\"x\" is no number"}}`},
		{"no place", errs.New(errs.NotFound, "no such bundle"), `{"version":1,"incident":"b","error":{"kind":"not_found","file":"","line":0,"column":0,"message":"no such bundle"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := EncodeFailure("b", tt.err)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v\nwant %s", got, err, tt.want)
			}
			d, err := Decode(got)
			if d.Incident.ID != "b" || errs.KindOf(err) != errs.KindOf(tt.err) {
				t.Errorf("decoded to %v, %v", d.Incident.ID, err)
			}
		})
	}
}

// TestEncodeInert checks that no foreign text reaches the terminal of a user
// who looks at the file, and that a program reads it as it was.
func TestEncodeInert(t *testing.T) {
	foreign := "a\x1b[31m\x7f\u0085\u009b31m\u202e\u2066\u061c 日志😀<b>\n"
	line, err := Encode(incident.Diagnosis{Verdict: incident.Healthy, Incident: incident.Incident{ID: "i", Title: foreign}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range string(line) {
		if r < ' ' || r >= 0x7f && r < 0xa0 || strings.ContainsRune("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", r) {
			t.Errorf("%U is in the line", r)
		}
	}
	d, err := Decode(line)
	if err != nil || d.Incident.Title != foreign {
		t.Errorf("read back as %q, %v", d.Incident.Title, err)
	}
}
