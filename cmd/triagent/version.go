package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"triagent/internal/app"
)

// version is that of the program; a release sets it when it links.
var version = app.EngineVersion

type versionCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Help shows examples.
func (versionCmd) Help() string {
	return "Examples:\n  triagent version\n  triagent version --json"
}

type wireVersion struct {
	Version  string `json:"version"`
	Engine   string `json:"engine"`
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
	Revision string `json:"revision"` // of the source; empty: unknown
}

// Run prints the version.
func (c *versionCmd) Run(w world) error {
	v := wireVersion{Version: version, Engine: app.EngineVersion, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Revision = s.Value
			}
		}
	}
	if c.JSON {
		return json.NewEncoder(w.stdout).Encode(v)
	}
	_, err := fmt.Fprintf(w.stdout, "triagent %s (%s %s/%s)\n", v.Version, v.Go, v.OS, v.Arch)
	return err
}
