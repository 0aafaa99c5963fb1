package connectors_test

import (
	"strings"
	"testing"

	"triagent/connectors"
	"triagent/internal/errs"
)

func TestCheckPattern(t *testing.T) {
	for _, tt := range []struct{ pattern, says string }{
		{"", ""},
		{"node-1.example", ""},
		{"узел_1:9092", ""},
		{`/iotdb/([^/]+)/logs/`, ""},
		{`root\.plant\.([^.]+)`, ""},
		{`(?:a|b)/(\w+)`, ""},
		{`/iotdb/[^/]+/logs/`, "no capture"},
		{`root\.plant\.line1`, "no capture"},
		{`/iotdb/node1/logs`, "no capture"},
		{`node.*`, "no capture"},
		{`(?:a|b)`, "no capture"},
		{`(a)(b)`, "2 captures"},
		{`(a`, "no regular expression"},
	} {
		err := connectors.CheckPattern(tt.pattern)
		if tt.says == "" && err != nil || tt.says != "" && (errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), tt.says)) {
			t.Errorf("%q: %v, want %q", tt.pattern, err, tt.says)
		}
	}
}
