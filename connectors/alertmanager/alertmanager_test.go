package alertmanager_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"triagent/connectors"
	"triagent/connectors/alertmanager"
	"triagent/internal/errs"
)

var now = time.Date(2026, 11, 20, 10, 5, 0, 0, time.UTC)

func TestParse(t *testing.T) {
	body, err := os.ReadFile("testdata/group.json")
	if err != nil {
		t.Fatal(err)
	}
	got, truncated, err := alertmanager.Parse(body, 10, now)
	if err != nil {
		t.Fatal(err)
	}
	const group = `{}/{severity="critical"}:{cluster="plant-7"}`
	want := []connectors.Alert{
		{
			Source: "alertmanager", Name: "HighWriteLatency",
			Labels:      map[string]string{"alertname": "HighWriteLatency", "cluster": "plant-7", "instance": "datanode-2:9091", "severity": "critical"},
			Annotations: map[string]string{"summary": "writes take 2.1 s"},
			URL:         "http://prometheus.example:9090/graph?g0.expr=up",
			Starts:      time.Date(2026, 11, 20, 10, 1, 10, 500e6, time.UTC), Group: group,
		},
		{
			Source: "alertmanager", Name: "DiskSlow",
			Labels:      map[string]string{"alertname": "DiskSlow", "cluster": "plant-7", "instance": "datanode-1:9091"},
			Annotations: map[string]string{},
			Starts:      time.Date(2026, 11, 20, 9, 1, 10, 0, time.UTC),
			Ends:        time.Date(2026, 11, 20, 10, 4, 0, 0, time.UTC), Group: group,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
	if truncated != 3 {
		t.Errorf("truncated = %d, want 3", truncated)
	}
}

func TestParseOne(t *testing.T) {
	const labels = `"labels":{"alertname":"A"}`
	for _, tt := range []struct {
		name, alert  string
		starts, ends time.Time
	}{
		{"no times", `{"status":"firing",` + labels + `}`, time.Time{}, time.Time{}},
		{"firing alerts have no end, whatever is said", `{"status":"firing","endsAt":"2026-11-20T10:00:00Z",` + labels + `}`, time.Time{}, time.Time{}},
		{"an end that is not known is now", `{"status":"resolved","endsAt":"0001-01-01T00:00:00Z",` + labels + `}`, time.Time{}, now},
		{"an end to come is now", `{"status":"resolved","endsAt":"2026-11-20T12:00:00Z",` + labels + `}`, time.Time{}, now},
		{"a zone", `{"status":"firing","startsAt":"2026-11-20T18:00:00+08:00",` + labels + `}`, time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := alertmanager.Parse([]byte(`{"version":"4","alerts":[`+tt.alert+`]}`), 1, now)
			if err != nil {
				t.Fatal(err)
			}
			if got[0].Starts != tt.starts || got[0].Ends != tt.ends {
				t.Errorf("from %v to %v, want %v to %v", got[0].Starts, got[0].Ends, tt.starts, tt.ends)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct{ name, body, want string }{
		{"empty", ``, "no JSON"},
		{"cut off", `{"version":"4","alerts":[{"status"`, "no JSON"},
		{"two values", `{"version":"4"}{}`, "no JSON"},
		{"a list", `[]`, "it is a JSON array"},
		{"an old version", `{"version":"3","alerts":[]}`, `version "3"`},
		{"no version", `{"alerts":[]}`, `version ""`},
		{"alerts no list", `{"version":"4","alerts":{}}`, "alerts is a JSON object"},
		{"an alert that is no object", `{"version":"4","alerts":[1]}`, "alerts[0]"},
		{"a label that is a number", `{"version":"4","alerts":[{"status":"firing","labels":{"alertname":7}}]}`, "alerts[0]: labels"},
		{"no labels", `{"version":"4","alerts":[{"status":"firing"}]}`, "alerts[0]: it has no labels"},
		{"a strange status", `{"version":"4","alerts":[{"status":"pending","labels":{"a":"b"}}]}`, `status is "pending"`},
		{"a strange time", `{"version":"4","alerts":[{"status":"firing","labels":{"a":"b"},"startsAt":"today"}]}`, "alerts[0]"},
		{"too many", `{"version":"4","alerts":[` + strings.Repeat(`{},`, 4) + `{}]}`, "5 alerts, at most 4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := alertmanager.Parse([]byte(tt.body), 4, now)
			if err == nil || got != nil || errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse = %v, %v; want an error of kind invalid with %q", got, err, tt.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	if body, err := os.ReadFile("testdata/group.json"); err == nil {
		f.Add(body)
	}
	f.Add([]byte(`{"version":"4","alerts":[{"status":"resolved","labels":{"":""},"startsAt":"0001-01-01T00:00:00Z"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		const limit = 20
		got, truncated, err := alertmanager.Parse(body, limit, now)
		switch {
		case err != nil && (len(got) > 0 || errs.KindOf(err) != errs.Invalid):
			t.Fatalf("%d alerts with error %v", len(got), err)
		case len(got) > limit || truncated < 0:
			t.Fatalf("%d alerts, %d truncated", len(got), truncated)
		}
		for _, a := range got {
			if a.Name == "" || len(a.Labels) == 0 || a.Ends.After(now) {
				t.Fatalf("alert %+v", a)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	one := `{"status":"firing","labels":{"alertname":"A","instance":"n1:9100","severity":"warning"},"annotations":{"summary":"s"},"startsAt":"2026-11-20T10:00:00Z"}`
	for _, n := range []int{1, 1000} {
		body := []byte(`{"version":"4","groupKey":"g","alerts":[` + strings.Repeat(one+",", n-1) + one + `]}`)
		if !json.Valid(body) {
			b.Fatal("bad body")
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := alertmanager.Parse(body, n, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
