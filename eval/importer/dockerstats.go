package importer

import (
	"bufio"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"triagent/internal/errs"
)

// statColumns are the columns made of a line of docker stats.
var statColumns = []string{
	"cpu_percent", "mem_used_bytes", "mem_limit_bytes", "mem_percent", "net_receive_bytes_total",
	"net_transmit_bytes_total", "disk_read_bytes_total", "disk_write_bytes_total", "pids",
}

// dockerStats reads the printed snapshots of docker stats and spreads them
// evenly from first to last. It returns what writes the table of each container.
// A container that a snapshot does not list has no row for it.
func dockerStats(name string, first, last time.Time) (map[string]func(*bufio.Writer) error, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	shot := -1
	rows := map[string][][]string{} // by container: snapshot, then the cells
	for i, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		if strings.HasPrefix(line, "CONTAINER ID") {
			shot++
			continue
		}
		f := strings.Fields(line)
		if shot < 0 || len(f) != 14 {
			return nil, errs.At(name, i+1, 0, "not a line of docker stats")
		}
		cells := []string{strconv.Itoa(shot)}
		for _, at := range []int{2, 3, 5, 6, 7, 9, 10, 12, 13} {
			v, err := quantity(f[at])
			if err != nil {
				return nil, errs.At(name, i+1, at+1, "%w", err)
			}
			cells = append(cells, strconv.FormatFloat(v, 'f', -1, 64))
		}
		rows[f[1]] = append(rows[f[1]], cells)
	}
	if shot < 1 {
		return nil, errs.At(name, 0, 0, "fewer than two snapshots")
	}
	step := last.Sub(first) / time.Duration(shot)
	out := map[string]func(*bufio.Writer) error{}
	for container, rs := range rows {
		out[container] = func(w *bufio.Writer) error {
			if _, err := w.WriteString("time," + strings.Join(statColumns, ",") + "\n"); err != nil {
				return err
			}
			for _, r := range rs {
				n, _ := strconv.Atoi(r[0]) // made above
				at := strconv.FormatInt(first.Add(time.Duration(n)*step).UnixMilli(), 10)
				if _, err := w.WriteString(at + "," + strings.Join(r[1:], ",") + "\n"); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return out, nil
}

// quantity reads a number with an optional unit as docker stats prints it:
// percent, decimal (kB) or binary (KiB) bytes.
func quantity(s string) (float64, error) {
	i := strings.LastIndexAny(s, "0123456789.") + 1
	v, err := strconv.ParseFloat(s[:i], 64)
	if err != nil {
		return math.NaN(), err
	}
	unit := map[string]float64{
		"": 1, "%": 1, "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}
	f, ok := unit[s[i:]]
	if !ok {
		return math.NaN(), errs.New(errs.Invalid, "unit %q is not known", s[i:])
	}
	return v * f, nil
}
