package iotdb

import "time"

// SetPatience makes sources less patient with one address of several.
func SetPatience(d time.Duration) (undo func()) {
	old := patience
	patience = d
	return func() { patience = old }
}
