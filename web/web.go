// Package web holds the built page. It is built by npm into dist before the
// program is (make does so where its sources changed); without it, Files has no
// index.html and the service says how to build it.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files is the built page: index.html and assets. Names under assets/ hold a
// hash of their content and never change.
func Files() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	return sub
}

// Built reports whether the page is part of this program.
func Built() bool {
	_, err := fs.Stat(Files(), "index.html")
	return err == nil
}
