// Package phrases holds every sentence and label that Triagent prints, in
// English and Chinese. Agents do not word anything: they name a phrase and give
// its arguments (incident.Text), and a report words it in the reader's
// language.
//
// A phrase holds its arguments in braces, as in "{node} restarted". What stands
// in brackets is left out where an argument in it is missing or empty, as in
// "{node} restarted[ at {time}]"; brackets do not nest. "{nodes|node|nodes}" is
// the form that agrees with the argument nodes: the first for "1". A key is
// words in lower case joined by dots and underscores; the part before the first
// dot is its family: "ui", "fault", "role", "metric", "log" and so on. A family
// lives in one file. Tests see to it that both languages are there, use the
// same arguments, and that every key named in the module exists.
//
// The tables are Go values and not files to parse: a diagnosis from a new
// process takes some tens of milliseconds, and parsing would be a good part.
package phrases

// Phrase is a sentence or a label in every language.
type Phrase struct{ EN, ZH string }

// table is one family of phrases, by key.
type table map[string]Phrase

// families are searched in order; no key is in two of them.
var families = []table{labels, vocabulary, progress, actions, evidence, conclusions}

// Find returns the phrase of a key.
func Find(key string) (Phrase, bool) {
	for _, f := range families {
		if p, ok := f[key]; ok {
			return p, true
		}
	}
	return Phrase{}, false
}

// Keys returns the key of every phrase, in no order.
func Keys() []string {
	var out []string
	for _, f := range families {
		for k := range f {
			out = append(out, k)
		}
	}
	return out
}
