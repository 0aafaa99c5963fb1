package servers

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// holds reports whether a process of these groups listens on a port of the
// loopback; known is false where that cannot be found out.
func holds(groups []int, port int) (ours, known bool) {
	var sockets []string
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		b, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			if len(f) > 9 && f[3] == "0A" && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) {
				sockets = append(sockets, "socket:["+f[9]+"]")
			}
		}
	}
	if len(sockets) == 0 {
		return false, false
	}
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return false, false
	}
	for _, stat := range all {
		if !member(stat, groups) {
			continue
		}
		fds, err := filepath.Glob(filepath.Join(filepath.Dir(stat), "fd", "*"))
		if err != nil {
			continue
		}
		for _, fd := range fds {
			known = true
			if to, err := os.Readlink(fd); err == nil && slices.Contains(sockets, to) {
				return true, true
			}
		}
	}
	return false, known
}

// member reports whether a process is of one of the groups.
func member(stat string, groups []int) bool {
	b, err := os.ReadFile(stat)
	if err != nil {
		return false // it has ended
	}
	_, rest, _ := bytes.Cut(b, []byte(") ")) // its name may hold blanks
	f := strings.Fields(string(rest))        // state, parent, group
	if len(f) < 3 {
		return false
	}
	group, err := strconv.Atoi(f[2])
	return err == nil && slices.Contains(groups, group)
}
