//go:build !unix

package main

// enough has nothing to check on this system.
func enough(int) error { return nil }
