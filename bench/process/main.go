// Command process runs a program several times, as a user would, and prints
// how long it took and how much memory it had: wall time, processor time and
// peak resident memory of the process, as the kernel counts them. It fails if
// the median or the peak is over a bound.
//
//	process -n 21 -procs 1 -wall 150ms -rss 600 -- triagent diagnose --format json incident/
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"
)

type bounds struct {
	n     int
	procs int
	wall  time.Duration // 0: none
	rss   int64         // megabytes; 0: none
}

type sample struct {
	wall, cpu time.Duration
	rss       int64 // bytes; 0: not known on this system
}

func main() {
	var b bounds
	flag.IntVar(&b.n, "n", 21, "how often to run; one more run before warms the page cache")
	flag.IntVar(&b.procs, "procs", 1, "GOMAXPROCS of the program; 0 leaves it alone")
	flag.DurationVar(&b.wall, "wall", 0, "fail if the median wall time is over this")
	flag.Int64Var(&b.rss, "rss", 0, "fail if peak memory is over this many megabytes")
	flag.Parse()
	if err := run(os.Stdout, b, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "process:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, b bounds, command []string) error {
	if len(command) == 0 || b.n < 1 {
		return errors.New("want a command after -- and -n of 1 or more")
	}
	var all []sample
	for i := range b.n + 1 {
		s, err := once(command, b.procs)
		if err != nil {
			return fmt.Errorf("%s: %w", command[0], err)
		}
		if i > 0 || b.n == 1 {
			all = append(all, s)
		}
		if b.n == 1 {
			break
		}
	}
	slices.SortFunc(all, func(a, b sample) int { return int(a.wall - b.wall) })
	median, peak := all[len(all)/2], int64(0)
	for _, s := range all {
		peak = max(peak, s.rss)
	}
	if _, err := fmt.Fprintf(w, "%d runs, GOMAXPROCS=%d: wall median %s (min %s, max %s), cpu %s, peak memory %d MB\n", len(all), b.procs,
		median.wall.Round(time.Millisecond), all[0].wall.Round(time.Millisecond), all[len(all)-1].wall.Round(time.Millisecond),
		median.cpu.Round(time.Millisecond), peak>>20); err != nil {
		return err
	}
	switch {
	case b.wall > 0 && median.wall > b.wall:
		return fmt.Errorf("median wall time %s is over %s", median.wall.Round(time.Millisecond), b.wall)
	case b.rss > 0 && peak > b.rss<<20:
		return fmt.Errorf("peak memory %d MB is over %d MB", peak>>20, b.rss)
	}
	return nil
}

// once runs the command with its results thrown away.
func once(command []string, procs int) (sample, error) {
	c := exec.Command(command[0], command[1:]...)
	c.Stdout, c.Stderr = io.Discard, os.Stderr
	c.Env = os.Environ()
	if procs > 0 {
		c.Env = append(c.Env, fmt.Sprintf("GOMAXPROCS=%d", procs))
	}
	start := time.Now()
	err := c.Run()
	s := sample{wall: time.Since(start)}
	if c.ProcessState != nil {
		s.cpu = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
		s.rss = peak(c.ProcessState)
	}
	return s, err
}
