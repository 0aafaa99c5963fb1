// Command get fetches and builds the servers that tests use, so that no test has
// to wait for it: all of them, or those that are named.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"triagent/lab/servers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	kinds := servers.Kinds()
	if len(os.Args) > 1 {
		kinds = nil
		for _, a := range os.Args[1:] {
			kinds = append(kinds, servers.Kind(a))
		}
	}
	failed := false
	for _, k := range kinds {
		begun := time.Now()
		if err := servers.Get(ctx, k, servers.Options{}); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", k, err)
			failed = true
			continue
		}
		fmt.Printf("%s is there (%v)\n", k, time.Since(begun).Round(time.Millisecond))
	}
	if failed {
		os.Exit(1)
	}
}
