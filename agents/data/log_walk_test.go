package data

import (
	"reflect"
	"testing"

	"triagent/agents"
)

// Agents that share a walk over the logs say what they say alone, also where more
// records name a trace than are kept.
func TestCrew(t *testing.T) {
	s := newScene(t)
	s.shop(func(r *request) { r.stockLine, r.stockLevel, r.netPrice = "no such shelf 12", "ERROR", 50 })
	in := s.input()
	for _, most := range []int{0, 5} {
		crew := new(Crew)
		crew.walk.most = most
		crew.Ahead(t.Context(), in)
		if len(crew.walk.spoken) == 0 == (most == 0) {
			t.Errorf("of at most %d records that name a trace %d are kept", most, len(crew.walk.spoken))
		}
		for i, alone := range []agents.Agent{Log{}, Trace{}} {
			got, want := investigate(t, crew.Agents()[i+1], in), investigate(t, alone, in)
			if len(want.Evidence) == 0 || !reflect.DeepEqual(got, want) {
				t.Errorf("%s keeps %d records and says other things than alone", alone.Name(), most)
			}
		}
	}
}
