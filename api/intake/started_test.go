package intake

import (
	"context"
	"testing"
	"time"
)

// TestStarted asks what holds where the page sets nothing, and who said so.
func TestStarted(t *testing.T) {
	in, err := New(Config{Window: 2 * time.Minute, PublicURL: func(context.Context) string { return "https://t.example.com" }}, nil)
	if err != nil {
		t.Fatal(err)
	}
	in.SetTiming(time.Hour, time.Minute) // what the page sets is not what the service was started with
	out, err := in.started(t.Context(), nil)
	want := Started{"https://t.example.com", 120, 10, "file", "default"}
	if err != nil || out.Body != want {
		t.Errorf("%+v, %v; want %+v", out, err, want)
	}
}
