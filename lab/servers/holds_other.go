//go:build !linux

package servers

// holds does not know who listens on a port.
func holds([]int, int) (ours, known bool) { return false, false }
