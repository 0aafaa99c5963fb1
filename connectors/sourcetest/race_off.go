//go:build !race

package sourcetest

// racing says that the race detector runs.
const racing = false
