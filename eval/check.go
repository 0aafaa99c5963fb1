package eval

import (
	"context"

	"triagent/evidence"
	"triagent/incident"
	"triagent/telemetry"
)

// CheckEvidence is the Checker of package evidence: it computes every number
// again from the raw files and follows every citation.
func CheckEvidence(ctx context.Context, path string, d incident.Diagnosis) (Checked, error) {
	b, err := telemetry.Open(ctx, path, telemetry.Limits{})
	if err != nil {
		return Checked{}, err
	}
	r, err := evidence.Check(ctx, b, &d)
	if err != nil {
		return Checked{}, err
	}
	out := Checked{Claims: r.Claims, Sound: r.ClaimsHeld}
	for _, p := range r.Problems {
		out.Problems = append(out.Problems, p.String())
	}
	return out, nil
}
