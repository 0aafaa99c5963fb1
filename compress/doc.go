// Package compress makes telemetry short enough to be read: it mines the
// templates of log lines, tells which of them are new, gone or bursting, folds
// repeats, orders what is left by what matters for a failure, and renders it
// within a token budget. Every reduction is recorded as an incident.Reduction.
//
// A template is a log message with its variable parts written <*>. It is found
// without a regular expression and without a list of formats: one pass over
// the bytes masks what is variable by its form (numbers, addresses, paths,
// times ...) and hashes the rest; a table maps the hash to a shape. Most lines
// cost less: their outline, the text with 0 for its digits, was hashed before,
// so they are not taken apart. Shapes are merged afterwards, when all are known,
// where they differ in words that are parameters by their place (user X, key=X,
// quoted) or by their variety.
package compress
