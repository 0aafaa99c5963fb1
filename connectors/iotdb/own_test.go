package iotdb

import (
	"fmt"
	"testing"
	"time"
)

// TestOwn tells our statements from those of others, and remembers not without end.
func TestOwn(t *testing.T) {
	var o own
	now := time.Unix(1000, 0)
	if o.has("show queries", now) {
		t.Error("nothing was asked")
	}
	o.add("show  regions", now)
	if !o.has("show regions; ", now.Add(time.Minute)) || o.has("select * from root.**", now) || o.has("show regions", now.Add(time.Hour)) {
		t.Error("what was asked of late is ours, and nothing else")
	}
	for i := range 3 * mostOwn {
		o.add(fmt.Sprintf("select s%d from root.a", i), now)
	}
	if len(o) > mostOwn || !o.has(fmt.Sprintf("select s%d from root.a", 3*mostOwn-1), now) {
		t.Errorf("%d are remembered", len(o))
	}
}
