package servers

import (
	"fmt"
	"net"
	"strconv"
	"syscall"

	"triagent/lab/process"
)

// identity is whom a server runs as: nobody, where it refuses root and this
// process is root's; the folder is given to it. nil: as we do.
func identity(unroot bool, dir string) (*syscall.Credential, error) {
	if !unroot {
		return nil, nil
	}
	who, err := process.Nobody()
	if err != nil {
		return nil, lacks("it refuses root: %w", err)
	}
	return who, process.Give(dir, who)
}

// freePorts finds a port for each name that has none wanted.
func freePorts(names []string, wanted map[string]int) (map[string]int, error) {
	out := map[string]int{}
	for _, n := range names { // all are held until all are found
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(wanted[n]))
		if err != nil {
			return nil, fmt.Errorf("port %s: %w", n, err)
		}
		defer func() { _ = l.Close() }()
		out[n] = l.Addr().(*net.TCPAddr).Port
	}
	return out, nil
}
