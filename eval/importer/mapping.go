package importer

import (
	_ "embed" // the table of labels
	"encoding/csv"
	"strings"
	"sync"

	"triagent/internal/errs"
)

//go:embed mapping.csv
var mappingCSV string

// Named is one cause that a label stands for: the fault name it is scored as,
// and other names that count as right.
type Named struct {
	Fault  string
	Accept []string
}

// mapping holds the causes of every label, by set and label.
var mapping = sync.OnceValues(func() (map[[2]string][]Named, error) {
	rows, err := csv.NewReader(strings.NewReader(mappingCSV)).ReadAll()
	if err != nil {
		return nil, err
	}
	out := map[[2]string][]Named{}
	for _, r := range rows[1:] {
		var causes []Named
		for part := range strings.SplitSeq(r[2], "+") {
			names := strings.Split(part, "|")
			causes = append(causes, Named{Fault: names[0], Accept: names[1:]})
		}
		out[[2]string{r[0], r[1]}] = causes
	}
	return out, nil
})

// Causes returns what a set's own label is scored as: one entry for each cause
// that it stands for. "|" in the table separates names that are all accepted,
// the first being the preferred one; "+" separates causes. A label that the
// table does not know gives an error of kind Invalid.
func Causes(set, label string) ([]Named, error) {
	m, err := mapping()
	if err != nil {
		return nil, err
	}
	c, ok := m[[2]string{set, label}]
	if !ok {
		return nil, errs.New(errs.Invalid, "set %s: label %q has no fault name in the mapping", set, label)
	}
	return c, nil
}
