package intake

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"triagent/store"
)

// What holds where neither the file nor the page says anything.
const (
	defaultWindow = 10 * time.Minute
	defaultSettle = 10 * time.Second
)

// Started is what the service goes by where the page sets nothing.
type Started struct {
	PublicURL    string  `json:"public_url" doc:"Where links lead now, whoever said so"`
	GroupWindowS float64 `json:"group_window_s"`
	SettleS      float64 `json:"settle_s"`
	WindowFrom   string  `json:"group_window_from" enum:"file,default"`
	SettleFrom   string  `json:"settle_from" enum:"file,default"`
}

type startedOut struct{ Body Started }

// started tells what the service was started with, of what people may change
// on the page.
func (in *Intake) started(ctx context.Context, _ *struct{}) (*startedOut, error) {
	out := &startedOut{Started{PublicURL: in.config.PublicURL(ctx)}}
	out.Body.GroupWindowS, out.Body.WindowFrom = said(in.config.Window, defaultWindow)
	out.Body.SettleS, out.Body.SettleFrom = said(in.config.Settle, defaultSettle)
	return out, nil
}

// said is what the file says, in seconds, or else the default, and which it is.
func said(file, otherwise time.Duration) (seconds float64, from string) {
	if file > 0 {
		return file.Seconds(), "file"
	}
	return otherwise.Seconds(), "default"
}

// startedOperation describes started.
func startedOperation() huma.Operation {
	return huma.Operation{
		OperationID: "get-started-settings", Method: http.MethodGet, Path: "/settings/service/started",
		Summary: "Get what the service was started with, of what the page may change", Tags: []string{"settings"},
		Metadata: map[string]any{"role": string(store.Viewer), "scope": "read"},
		Errors:   []int{http.StatusUnauthorized, http.StatusForbidden},
	}
}
