package telemetry

import (
	"fmt"
	"testing"
)

func TestHashID(t *testing.T) {
	if HashID("") != 0 || HashID("\x00") == 0 || HashID("a") == HashID("a\x00") {
		t.Error("only the empty ID is 0, and lengths tell IDs apart")
	}
	seen := map[uint64]string{}
	for i := range 200_000 {
		for _, id := range []string{fmt.Sprintf("%016x", i), fmt.Sprintf("%d", i), fmt.Sprintf("span-%d-of-a-trace", i)} {
			h := HashID(id)
			if had, ok := seen[h]; ok && had != id {
				t.Fatalf("%q and %q have one hash", had, id)
			}
			seen[h] = id
		}
	}
}
