package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/alecthomas/kong"

	"triagent/demo"
	evalcli "triagent/eval/cli"
	"triagent/internal/errs"
)

// The exit statuses, which scripts rely on.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitSome        = 3
	exitInterrupted = 130
)

const description = `Triagent reads what was recorded around an incident in a distributed system and says which node failed, how,
since when, why it thinks so, what it ruled out and what to do. It needs no model and no network.

Examples:
  triagent demo                                 a page with recorded incidents, diagnosed
  triagent serve                                the service: alerts in, diagnoses on a page, messages out
  triagent diagnose --bundled --format table    diagnose the incidents that come with it
  triagent diagnose incident.tar.zst            diagnose one of your own
  triagent templates server.log                 turn log lines into templates

"triagent COMMAND --help" shows the flags and examples of a command.`

// grammar is the command line.
type grammar struct {
	Serve     serveCmd        `cmd:"" help:"Run the service: REST, web page, alerts in, messages out."`
	Demo      demoCmd         `cmd:"" help:"Run the service with recorded incidents, to look at."`
	Diagnose  diagnoseCmd     `cmd:"" help:"Diagnose incident bundles."`
	Memory    memoryCmd       `cmd:"" help:"Make a file of solved cases for diagnose --memory."`
	Collect   collectCmd      `cmd:"" help:"Collect a bundle from the systems that are declared."`
	Eval      evalcli.Command `cmd:"" help:"Score an engine on incidents with known causes."`
	Templates templatesCmd    `cmd:"" help:"Turn log lines into templates."`
	Check     checkCmd        `cmd:"" help:"Say what is wrong, and change nothing."`
	Version   versionCmd      `cmd:"" help:"Print the version."`
}

// run is the program: it returns the exit status.
func run(ctx context.Context, args []string, w world) (code int) {
	type exited struct{ code int } // kong asks to exit after it printed help
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(exited)
			if !ok {
				panic(r)
			}
			code = e.code
		}
	}()
	var g grammar
	parser, err := kong.New(
		&g, kong.Name("triagent"), kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
		kong.Writers(w.stdout, w.stderr), kong.Exit(func(code int) { panic(exited{code}) }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(w),
		kong.Bind(&evalcli.Env{Stdout: w.stdout, Stderr: w.stderr, Terminal: terminal(w.stderr), Version: version, Bundled: demo.IDs()}),
	)
	if err != nil {
		return fail(w.stderr, err, exitFailed)
	}
	command, err := parser.Parse(args)
	if err != nil {
		return fail(w.stderr, fmt.Errorf("%w (%s --help tells more)", err, commandOf(err)), exitUsage)
	}
	err = command.Run()
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil:
		return fail(w.stderr, errors.New("interrupted"), exitInterrupted)
	}
	return fail(w.stderr, err, status(err))
}

// commandOf names the command whose usage was wrong, as far as it was told.
func commandOf(err error) string {
	var p *kong.ParseError
	if !errors.As(err, &p) || p.Context == nil {
		return "triagent"
	}
	name := "triagent"
	for _, path := range p.Context.Path {
		if path.Command != nil {
			name += " " + path.Command.Name
		}
	}
	return name
}

// partly is the error of several bundles of which some or all failed. The
// messages were printed as they came.
type partly struct{ failed, all int }

func (p partly) Error() string { return fmt.Sprintf("%d of %d bundles failed", p.failed, p.all) }

// status picks the exit status of an error.
func status(err error) int {
	var p partly
	if errors.As(err, &p) {
		if p.failed < p.all {
			return exitSome
		}
		return exitFailed
	}
	switch errs.KindOf(err) {
	case errs.Invalid, errs.NotFound:
		return exitUsage
	}
	return exitFailed
}

// fail prints the one message of an error. A terminal gets no characters that it
// would act on, nor such as turn the direction of writing: they came with the
// input.
func fail(w io.Writer, err error, code int) int {
	msg := strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, err.Error())
	if _, err := fmt.Fprintf(w, "triagent: %s\n", msg); err != nil && code == exitDone {
		return exitFailed
	}
	return code
}
