package collect

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The folders that are made for one collection: ours, and the one that the
// service makes around it.
const (
	scratchPrefix = "triagent-collect-"
	servicePrefix = "collect-"
)

// wasteAfter is the age at which a folder is taken for one that a killed process
// left: no collection takes that long.
const wasteAfter = 24 * time.Hour

// sweep removes what killed processes left beside a scratch folder. What cannot
// be removed stays.
func sweep(scratch string) {
	if scratch == "" {
		scratch = os.TempDir()
	}
	sweepFolder(scratch, scratchPrefix)
	if madeFor(filepath.Base(scratch), servicePrefix) {
		sweepFolder(filepath.Dir(scratch), servicePrefix)
	}
}

func sweepFolder(dir, prefix string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // that it cannot be used is said when it is
	}
	for _, e := range entries {
		if !e.IsDir() || !madeFor(e.Name(), prefix) {
			continue
		}
		full := filepath.Join(dir, e.Name())
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > wasteAfter && ours(full) {
			_ = os.RemoveAll(full)
		}
	}
}

// madeFor reports whether a name is one that os.MkdirTemp makes of a prefix.
func madeFor(name, prefix string) bool {
	number, ok := strings.CutPrefix(name, prefix)
	return ok && number != "" && strings.Trim(number, "0123456789") == ""
}

// ours reports whether a folder holds nothing but what a collection makes.
func ours(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && !slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		name := e.Name()
		return name != "bundle" && !strings.HasPrefix(name, ".bundle.tmp-") && !madeFor(name, scratchPrefix) && !madeFor(name, "spool-")
	})
}
