package settings

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"triagent/internal/errs"
)

// animal takes other keys for each kind of it.
type animal struct{ Kind, Name string }

// UnmarshalYAML leaves the keys of a kind to whoever made it.
func (a *animal) UnmarshalYAML(read func(any) error) error {
	var all struct {
		Kind string
		Name string
		Legs int
	}
	err := read(&all)
	*a = animal{all.Kind, all.Name}
	return err
}

type farm struct {
	Wait    time.Duration `yaml:"wait"`
	Animals []animal      `yaml:"animals"`
}

func (f *farm) rules() Rules {
	type legs struct {
		Legs int `yaml:"legs"`
	}
	return Rules{
		Variants: map[reflect.Type]Variant{
			reflect.TypeFor[animal](): {Of: "animal", Kinds: map[string]reflect.Type{"horse": reflect.TypeFor[legs]()}},
		},
		Check: func() []Problem {
			if f.Wait > time.Minute {
				return []Problem{{Key: "wait", Text: "it is too long", Remedy: "write 1m"}}
			}
			return nil
		},
	}
}

func TestRead(t *testing.T) {
	for _, tt := range []struct{ text, want string }{ // of the error; empty: none
		{"", ""},
		{"wait: 5s\nanimals: [{kind: horse, name: h, legs: 4}]\n", ""},
		{"wait: 2m\n", "f.yaml:1:7: wait: it is too long (write 1m)"},
		{"animals:\n  - kind: hors\n", `f.yaml:2:11: animals[0].kind: unknown kind "hors"; did you mean horse? (kinds are: horse)`},
		{"animals:\n  - name: h\n", "f.yaml:2:5: animals[0]: the kind of animal is missing"},
		{"animals:\n  - {kind: horse, wings: 2}\n", `f.yaml:2:19: "wings" is no setting in animals[0]`},
		{"animals:\n  - {kind: horse, legs: four}\n", `f.yaml:2:25: animals[0].legs: "four" is no whole number`},
	} {
		file := filepath.Join(t.TempDir(), "f.yaml")
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		var f farm
		err := Read(t.Context(), file, &f, f.rules())
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%q: error %v, want %q", tt.text, err, tt.want)
		}
		if err != nil && errs.KindOf(err) != errs.Invalid {
			t.Errorf("%q: kind %v", tt.text, errs.KindOf(err))
		}
		if tt.text != "" && err == nil && (f.Wait != 5*time.Second || len(f.Animals) != 1 || f.Animals[0].Kind != "horse") {
			t.Errorf("%q: read %+v", tt.text, f)
		}
	}
}
