package drill

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/incident"
)

// Flags are those that the drill of every lab has.
type Flags struct {
	Before time.Duration `default:"2m" help:"How long the cluster works well before."`
	Within time.Duration `default:"60s" help:"How long until node and fault have to be named."`
	Listen string        `help:"Where the program listens; none: a free port." placeholder:"ADDR"`
	Stay   bool          `help:"Leave everything running until interrupted, to look at the page."`
}

// Fault is what was done, and has to be named.
type Fault struct {
	Did  string // as people say it
	Node string
	Kind incident.Fault
}

// A Lab is a real cluster with a load and a fault.
type Lab interface {
	// Up starts the cluster in a new folder and waits until it is ready. Its
	// Alertmanager calls the service. After an error nothing of it runs.
	Up(ctx context.Context, dir string, svc *Service, say func(string)) error

	// System declares the cluster, as one of the settings' list of systems.
	System() string

	// Work puts a load on the cluster until ctx ends.
	Work(ctx context.Context)

	// Strike does the fault and returns when it has begun. What lasts runs in g
	// and ends with ctx.
	Strike(ctx context.Context, g *errgroup.Group) (Fault, error)

	// Down ends the cluster. It is called once after Up, whatever ctx says.
	Down(ctx context.Context) error
}

// Practise runs a lab and the program that watches it, strikes once all has
// worked well for a while, and tells what came of it. An error says that the
// fault was not named in time, or why there was no drill.
func Practise(ctx context.Context, dir string, f *Flags, lab Lab) (err error) {
	say := func(s string) { fmt.Printf("%s %s\n", time.Now().Format(time.TimeOnly), s) }
	svc, err := Place(filepath.Join(dir, "service"), f.Listen)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, svc.Stop()) }()
	if err := lab.Up(ctx, filepath.Join(dir, "lab"), svc, say); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lab.Down(context.WithoutCancel(ctx))) }()
	if err := svc.Start(ctx, lab.System(), say); err != nil {
		return err
	}
	work, stop := context.WithCancel(ctx)
	var g errgroup.Group
	g.Go(func() error {
		lab.Work(work)
		return nil
	})
	err = strike(work, &g, f, lab, svc, say)
	stop()
	return errors.Join(err, g.Wait())
}

// strike does the fault to a cluster that has worked well for a while.
func strike(ctx context.Context, g *errgroup.Group, f *Flags, lab Lab, svc *Service, say func(string)) error {
	say(fmt.Sprintf("the cluster works for %v", f.Before))
	if err := pause(ctx, f.Before); err != nil {
		return err
	}
	var did Fault
	got, err := svc.Strike(ctx, f.Within+time.Minute, func(context.Context) (err error) {
		did, err = lab.Strike(ctx, g) // it may last longer than we wait
		say(did.Did)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Println(got)
	err = got.Names(did.Node, did.Kind, f.Within)
	if f.Stay {
		say(fmt.Sprintf("all of it runs until you interrupt: %s (account %s, password %q)", svc.URL(), account, password))
		<-ctx.Done()
	}
	return err
}
