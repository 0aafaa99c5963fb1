package perturb

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"triagent/incident"
	"triagent/telemetry"
)

// louds are the metrics of a loud node: a name, and the range in which each
// sample is drawn anew, evenly on a logarithmic scale.
var louds = []struct {
	name     string
	from, to float64
}{
	{"cpu_percent", 1, 100},
	{"mem_used_percent", 5, 95},
	{"disk_util_percent", 1, 100},
	{"disk_write_bytes_per_s", 1e3, 1e9},
	{"net_rx_bytes_per_s", 1e2, 1e9},
	{"net_tx_bytes_per_s", 1e2, 1e9},
	{"requests_per_s", 1, 1e4},
	{"request_latency_ms", .5, 1e4},
	{"load_runnable", 1, 200},
	{"wobble", 1e-3, 1e6},
}

// loudNodes adds nodes of services of their own, sampled when the best measured
// node is. Every sample is independent of the one before, in baseline and window
// alike: loud all the time, and nothing ever changes about it.
func loudNodes(ctx context.Context, c Case, rng *rand.Rand, to *Change) error {
	var like *telemetry.Table
	taken := map[incident.NodeID]bool{}
	for i := range c.Bundle.Tables {
		t := &c.Bundle.Tables[i]
		taken[t.Node] = true
		if like == nil || len(t.Times) > len(like.Times) {
			like = t
		}
	}
	if like == nil {
		return nil
	}
	for _, n := range c.Bundle.Topology.Nodes {
		taken[n.ID] = true
	}
	var names []string
	for i := 1; len(names) < 3; i++ {
		if n := fmt.Sprintf("extra%d-0", i); !taken[incident.NodeID(n)] {
			names = append(names, n)
		}
	}
	for _, n := range names {
		t := telemetry.Table{Times: like.Times}
		for _, l := range louds {
			v := make([]float64, len(t.Times))
			for i := range v {
				v[i] = math.Exp(math.Log(l.from) + rng.Float64()*math.Log(l.to/l.from))
			}
			t.Columns = append(t.Columns, telemetry.Column{Name: l.name, Values: v})
		}
		to.More["metrics/"+n+".csv"] = func(w io.Writer) error { return writeTable(w, &t, 0) }
	}
	return addNodes(ctx, c, to, names)
}

// addNodes puts nodes into the topology; a bundle without one needs none, since
// files name nodes as well.
func addNodes(_ context.Context, c Case, to *Change, names []string) error {
	member := c.Bundle.TopologyFile()
	if member == "" {
		return nil
	}
	to.Edits[member] = func(r io.Reader, w io.Writer) error {
		doc := map[string]json.RawMessage{}
		if err := json.NewDecoder(r).Decode(&doc); err != nil {
			return err
		}
		var nodes []json.RawMessage
		if len(doc["nodes"]) > 0 {
			if err := json.Unmarshal(doc["nodes"], &nodes); err != nil {
				return err
			}
		}
		for _, n := range names {
			text, err := json.Marshal(map[string]string{"id": n, "service": n[:len(n)-2]})
			if err != nil {
				return err
			}
			nodes = append(nodes, text)
		}
		var err error
		if doc["nodes"], err = json.Marshal(nodes); err != nil {
			return err
		}
		return json.NewEncoder(w).Encode(doc)
	}
	return nil
}
