// Package knowledge holds what is known of systems as data: what a metric, a
// log line, an alert means, which evidence speaks for and against a fault, and
// what to do about it. It is embedded YAML, checked when it is loaded, and
// extended by files of the user's that have the same form.
package knowledge

// Base is a loaded and checked knowledge base, safe for concurrent use.
type Base struct{}
