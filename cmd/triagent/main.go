// Command triagent diagnoses incidents of distributed systems.
//
// Exit status: 0 done, 1 failed, 2 wrong usage or bad input, 3 some of several
// bundles failed, 130 interrupted. Results go to standard output, progress and
// messages to standard error.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "diagnose" {
		sparing(os.Getenv)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	code := run(ctx, os.Args[1:], world{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Getenv, open: openApp,
	})
	stop()
	os.Exit(code)
}

// world is what the program gets from outside, so that tests can give it.
type world struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string
	open           func(context.Context, engineConfig) (diagnoser, error)
}
