package app

import (
	"context"

	"triagent/evidence/brief"
	"triagent/incident"
	"triagent/telemetry"
)

// Brief makes the evidence text of a diagnosis of the bundle at path, of at most
// tokens tokens; see package brief. It reads the metrics and logs of the bundle
// once more. Errors are those of reading.
func (a *App) Brief(ctx context.Context, path string, d *incident.Diagnosis, tokens int) (brief.Brief, error) {
	b, err := telemetry.Open(ctx, path, a.cfg.Limits)
	if err != nil {
		return brief.Brief{}, err
	}
	more, err := brief.Read(ctx, b, d, a.base)
	if err != nil {
		return brief.Brief{}, err
	}
	return brief.Make(d, more, tokens), nil
}
