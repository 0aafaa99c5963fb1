package api

import (
	"slices"
	"testing"

	"triagent/incident"
	"triagent/store"
)

// TestTroubled asks which nodes of an incident the topology flags.
func TestTroubled(t *testing.T) {
	for _, tt := range []struct {
		name string
		head store.Headline
		want []string
	}{
		{"no diagnosis", store.Headline{}, []string{"client-1"}},
		{"a suspect", store.Headline{Verdict: incident.Likely, Node: "dn-2"}, []string{"dn-2"}},
		{"no suspect", store.Headline{Verdict: incident.Inconclusive}, []string{"client-1"}},
		{"nothing wrong", store.Headline{Verdict: incident.Healthy, Node: "dn-2"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := troubled(store.Incident{Nodes: []string{"client-1"}, Headline: tt.head}); !slices.Equal(got, tt.want) {
				t.Errorf("troubled = %q, want %q", got, tt.want)
			}
		})
	}
}
