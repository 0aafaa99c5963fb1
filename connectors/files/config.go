package files

import (
	"path/filepath"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/internal/errs"
)

// Config says which files hold the logs of a system. Only Paths is needed.
type Config struct {
	// Paths are absolute paths, with * ? [] for what differs, none of which
	// stands for a slash: /var/lib/iotdb/*/logs/*.log*
	Paths []string `yaml:"paths"`
	// Node says whose log a file is: a regular expression on its path with one
	// capture, as '/iotdb/([^/]+)/logs/', or a plain name. Empty: the folder above a
	// folder named log or logs, else this machine's name; journals tell it.
	Node string `yaml:"node"`
	// Zone is that of times without one, as "Asia/Shanghai"; it should be the
	// system's. Empty: UTC.
	Zone string `yaml:"zone"`
	// Format is "raw", "journal-export" (journalctl -o export), "journal-json"
	// (journalctl -o json) or "auto"; empty: auto, by the first line.
	Format string `yaml:"format"`
}

// The formats.
const (
	formatAuto   = "auto"
	formatRaw    = "raw"
	formatExport = "journal-export"
	formatJSON   = "journal-json"
)

// Validate says what is wrong with the configuration.
func (c *Config) Validate() error {
	if len(c.Paths) == 0 {
		return errs.New(errs.Invalid, "paths: at least one is needed, as /var/log/iotdb/*.log")
	}
	for _, p := range c.Paths {
		if !filepath.IsAbs(p) || strings.ContainsRune(p, 0) {
			return errs.New(errs.Invalid, "paths: %.200q is not absolute", p)
		}
		if _, err := filepath.Match(p, "/"); err != nil {
			return errs.New(errs.Invalid, "paths: %.200q: a [ without its ]", p)
		}
	}
	if err := connectors.CheckPattern(c.Node); err != nil {
		return errs.New(errs.Invalid, "node: %v", err)
	}
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "Local" {
		return errs.New(errs.Invalid, "zone: %.60q is not known: use a name as Asia/Shanghai, or UTC", c.Zone)
	}
	switch c.Format {
	case "", formatAuto, formatRaw, formatExport, formatJSON:
		return nil
	}
	return errs.New(errs.Invalid, "format: %.60q is none of auto, raw, journal-export, journal-json", c.Format)
}
