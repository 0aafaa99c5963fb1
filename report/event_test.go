package report

import (
	"encoding/json"
	"reflect"
	"testing"

	"triagent/incident"
)

// What the events of a diagnosis say must be what its file says: the page fills
// up from the one and is read again from the other.
func TestEncodeEvent(t *testing.T) {
	d := sample()
	file := map[string]any{}
	line, err := Encode(d, Options{Lang: Chinese})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &file); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		kind  string
		event incident.Event
		want  any
	}{
		{"evidence", incident.EvidenceMade{Evidence: d.Evidence[0]}, file["evidence"].([]any)[0]},
		{"finding", incident.FindingMade{Finding: d.Findings[0]}, file["findings"].([]any)[0]},
		{"cause", incident.CauseRanked{Cause: d.Causes[0]}, file["causes"].([]any)[0]},
		{"reasoned", incident.Reasoned{Reason: d.Reasoning[0]}, file["reasoning"].([]any)[0]},
		{"planned", incident.Planned{Plan: *d.Plan}, file["plan"]},
		{"graph", incident.GraphBuilt{Graph: d.Graph}, file["graph"]},
		{"detected", incident.Detected{Detection: d.Detection}, file["detection"]},
		{"closed", incident.Closed{Cost: d.Cost}, file["cost"]},
	} {
		kind, _, data, err := EncodeEvent(tt.event, Options{Lang: Chinese})
		if err != nil || kind != tt.kind {
			t.Errorf("kind %q, %v, want %q", kind, err, tt.kind)
		}
		var got any
		if err := json.Unmarshal(data, &got); err != nil {
			t.Errorf("%s: %v", tt.kind, err)
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %s, want %v", tt.kind, data, tt.want)
		}
	}
}
