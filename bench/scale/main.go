// Command scale measures how the time and memory of a diagnosis grow with the
// number of nodes and with the time recorded.
//
//	scale -triagent bin/triagent
//	scale -write DIR -nodes 200 -metrics 300 -hours 4
//
// The bundles are made: metrics of so many nodes, one in four of them of names
// that the knowledge knows, with a fault of one node in the last ten minutes.
// Equal arguments give equal bundles. The first form diagnoses them at several
// sizes, each in a new process on -procs processors, and fails if the largest
// takes longer than -wall, more memory than -rss, names another node, or if the
// processor time grows faster than the data by more than a quarter.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// size is that of a bundle.
type size struct {
	nodes, metrics int
	hours          float64
	step           time.Duration
}

// samples is how many numbers it holds.
func (s size) samples() int { return s.nodes * s.metrics * s.rows() }

func (s size) rows() int { return int(s.hours * float64(time.Hour) / float64(s.step)) }

func main() {
	write := flag.String("write", "", "write one bundle into this folder, and measure nothing")
	program := flag.String("triagent", "bin/triagent", "the program to measure")
	s := size{}
	flag.IntVar(&s.nodes, "nodes", 200, "nodes of the largest bundle")
	flag.IntVar(&s.metrics, "metrics", 300, "metrics of each node")
	flag.Float64Var(&s.hours, "hours", 4, "hours recorded")
	flag.DurationVar(&s.step, "step", 15*time.Second, "time between samples")
	p := promise{}
	flag.DurationVar(&p.wall, "wall", 5*time.Second, "most time for the largest")
	flag.IntVar(&p.mb, "rss", 2000, "most memory for the largest, in megabytes")
	flag.IntVar(&p.procs, "procs", 2, "processors; 0: all")
	flag.IntVar(&p.runs, "n", 3, "runs of each, of which the fastest counts")
	flag.Parse()
	if s.nodes < 8 || s.metrics < 1 || s.hours <= 0.5 || s.step <= 0 || p.runs < 1 {
		fmt.Fprintln(os.Stderr, "scale: want at least 8 nodes, a metric, over half an hour and one run")
		os.Exit(2)
	}
	var err error
	if *write != "" {
		err = generate(*write, s)
	} else {
		err = measure(*program, s, p)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

// measure diagnoses bundles of growing size, up to that of most.
func measure(program string, most size, p promise) error {
	dir, err := os.MkdirTemp("", "scale-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var sizes []size
	for _, part := range []int{8, 4, 2} {
		s := most
		s.nodes /= part
		sizes = append(sizes, s)
	}
	for _, part := range []float64{4, 2} {
		s := most
		s.hours /= part
		sizes = append(sizes, s)
	}
	var all []figures
	fmt.Printf("%5s %7s %5s %9s %8s %8s %8s  %s\n", "nodes", "metrics", "hours", "samples", "wall", "cpu", "memory", "cpu time")
	for i, s := range append(sizes, most) {
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := generate(path, s); err != nil {
			return err
		}
		f, err := p.run(program, path, s)
		if err != nil {
			return err
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		all = append(all, f)
		fmt.Println(f)
	}
	return p.judge(all)
}
