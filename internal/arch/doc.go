// Package arch keeps the house in order: its test parses every Go file of the
// module and fails where a room imports what it may not, starts a goroutine
// outside the rooms that may, or can start another program. The rules are the tables
// at the top of the test. It parses the files itself: a test that asks the go
// tool is served from the test cache after a rule was broken.
package arch
