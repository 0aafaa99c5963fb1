// Package report words a diagnosis for people and for scripts: as text for a
// terminal, as one line of JSON, as Markdown, and as one self-contained HTML
// page. Every form is rendered from incident.Diagnosis alone, the fold of the
// events of a diagnosis; Progress renders the events while they happen.
//
// Names, log lines and whatever else comes from the diagnosed system are
// foreign text: control characters never reach a terminal, Markdown and HTML
// are escaped, and the page loads nothing and runs no script.
//
// All functions are safe for concurrent use and give equal bytes for equal
// input.
package report

// Lang is the language of a report.
type Lang string

// The languages.
const (
	English Lang = "en"
	Chinese Lang = "zh"
)

// Words gives the wording of a phrase that is not of this package, such as the
// name of a fault that a user added; false if it has none. It is asked before
// the catalogue of the package.
type Words func(lang, key string) (string, bool)

// Options say how to render. The zero Options are English, without colour, 100
// columns wide.
type Options struct {
	Lang   Lang  // empty: English
	Words  Words // further phrases; may be nil
	Colour bool  // use ANSI colours (Text, Table and Progress only)
	Width  int   // columns of the terminal (Text and Table only); 0: 100
}

// width returns the columns to fill, within what can be read.
func (o Options) width() int {
	switch {
	case o.Width <= 0:
		return 100
	case o.Width < 40:
		return 40
	case o.Width > 120:
		return 120
	}
	return o.Width
}
