package cluster

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit in which Linux tells CPU time.
const tick = 10 * time.Millisecond

// CPU returns the CPU time that the nodes have taken so far, all together.
func (p *Plan) CPU() (time.Duration, error) {
	all, err := p.running()
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, n := range p.Nodes() {
		for _, pid := range all[n.Name] {
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			if err != nil {
				return 0, err
			}
			// The name of the program stands in brackets and may hold blanks.
			_, rest, _ := strings.Cut(string(b), ") ")
			fields := strings.Fields(rest)
			if len(fields) < 13 {
				return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
			}
			for _, f := range fields[11:13] { // in user and in system mode
				v, err := strconv.ParseInt(f, 10, 64)
				if err != nil {
					return 0, err
				}
				sum += time.Duration(v) * tick
			}
		}
	}
	return sum, nil
}
