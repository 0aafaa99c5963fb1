package jaeger

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/connectors/sourcetest"
	"triagent/lab/servers"
)

func subject(flavour, url string) sourcetest.Subject {
	return sourcetest.Subject{
		New:    func(at fetch.Settings) (connectors.Source, error) { return New(Config{Settings: at, Flavour: flavour}) },
		Server: url, Ask: ask(0, 30*time.Minute), Empty: ask(-2*time.Hour, -time.Hour), Parts: true,
	}
}

// TestSuiteJaeger runs the suite against answers as Jaeger gives them.
func TestSuiteJaeger(t *testing.T) {
	s := subject(flavJaeger, jaegerOf(t, made(300)).URL)
	s.Many = many(t)
	sourcetest.Run(t, s)
}

// TestSuiteTempo runs the suite against answers as Tempo gives them.
func TestSuiteTempo(t *testing.T) {
	sourcetest.Run(t, subject(flavTempo, tempoOf(t, made(300)).URL))
}

// TestSuiteReal runs the suite against a real Jaeger.
func TestSuiteReal(t *testing.T) {
	servers.Need(t, servers.Jaeger)
	sourcetest.Run(t, subject(auto, realJaeger(t, made(300))))
}

// realJaeger starts a Jaeger with traces in it and returns its URL.
func realJaeger(t testing.TB, list []wireTrace) string {
	t.Helper()
	j := servers.Start(t, servers.Jaeger, servers.Options{})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for i := range list {
		resp, err := client.Post("http://"+j.Addr("otlp")+"/v1/traces", "application/x-protobuf", bytes.NewReader(proto(t, &list[i])))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("Jaeger answers %s to a trace", resp.Status)
		}
	}
	return j.URL
}
