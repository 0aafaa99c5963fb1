package perturb

import (
	"context"
	"math/rand/v2"
	"net/url"
	"path"
	"slices"
	"strings"

	"triagent/incident"
	"triagent/telemetry"
)

func dropMetrics(_ context.Context, c Case, _ *rand.Rand, to *Change) error {
	dropFolder(c.Bundle, to, "metrics/")
	return nil
}

func dropLogs(_ context.Context, c Case, _ *rand.Rand, to *Change) error {
	dropFolder(c.Bundle, to, "logs/")
	return nil
}

func dropTraces(_ context.Context, c Case, _ *rand.Rand, to *Change) error {
	dropFolder(c.Bundle, to, "traces.")
	return nil
}

func dropFolder(b *telemetry.Bundle, to *Change, prefix string) {
	for _, m := range b.Members() {
		if strings.HasPrefix(m, prefix) {
			to.Edits[m] = nil
		}
	}
}

func dropGuilty(_ context.Context, c Case, rng *rand.Rand, to *Change) error {
	dropTable(c.Bundle, to, c.pick(rng, true, measured(c.Bundle)))
	return nil
}

func dropOther(_ context.Context, c Case, rng *rand.Rand, to *Change) error {
	dropTable(c.Bundle, to, c.pick(rng, false, measured(c.Bundle)))
	return nil
}

func dropTable(b *telemetry.Bundle, to *Change, node incident.NodeID) {
	for _, t := range b.Tables {
		if t.Node == node {
			to.Edits[t.File] = nil
		}
	}
}

// measured are the nodes with metrics.
func measured(b *telemetry.Bundle) []incident.NodeID {
	var out []incident.NodeID
	for _, t := range b.Tables {
		out = append(out, t.Node)
	}
	return out
}

// pick chooses a node of a list, ascending: the first guilty one in it if guilty
// is asked for and the case has one; else one at random that is not guilty; ""
// where there is none.
func (c Case) pick(rng *rand.Rand, guilty bool, from []incident.NodeID) incident.NodeID {
	if guilty && len(c.Guilty) > 0 {
		for _, n := range from {
			if slices.Contains(c.Guilty, n) {
				return n
			}
		}
		return ""
	}
	from = slices.DeleteFunc(slices.Clone(from), func(n incident.NodeID) bool { return slices.Contains(c.Guilty, n) })
	if len(from) == 0 {
		return ""
	}
	return from[rng.IntN(len(from))]
}

// logMember gives the node of a member that holds logs; ok is false for others.
func logMember(member string) (node incident.NodeID, ok bool) {
	file, ok := strings.CutPrefix(member, "logs/")
	if !ok {
		return "", false
	}
	file = strings.TrimSuffix(strings.TrimSuffix(file, ".gz"), ".zst")
	stem := strings.TrimSuffix(file, path.Ext(file))
	if s, err := url.PathUnescape(stem); err == nil {
		stem = s
	}
	return incident.NodeID(stem), true
}

// inJSON reports whether a member holds a JSON object a line.
func inJSON(member string) bool { return strings.Contains(member, ".jsonl") }
