package main

import (
	"io"
	"os"

	"github.com/vbauerster/mpb/v8/cwriter"
)

// terminal reports whether w is a terminal.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && cwriter.IsTerminal(int(f.Fd()))
}

// columns is the width of a terminal; 0 if w is none.
func columns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !terminal(w) {
		return 0
	}
	n, _, err := cwriter.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return n
}

// colours reports whether to use them on w: on a terminal that can, unless the
// user said no by NO_COLOR.
func (w world) colours(out io.Writer) bool {
	return terminal(out) && w.env("NO_COLOR") == "" && w.env("TERM") != "dumb"
}
