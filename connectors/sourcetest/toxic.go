package sourcetest

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

// Toxic is a Toxiproxy within the test: what it lets through to a server, and
// how, is set while it runs. It knows TCP only, so any server may be behind it.
type Toxic struct {
	Addr string // host:port that it listens on

	t     testing.TB
	proxy *toxiproxy.Proxy
}

// NewToxic starts one before the server at a host:port; it ends with the test.
func NewToxic(t testing.TB, upstream string) *Toxic {
	t.Helper()
	x := &Toxic{t: t}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	x.proxy = toxiproxy.NewProxy(server, "toxic", "127.0.0.1:0", upstream)
	if err := x.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	x.Addr = x.proxy.Listen
	t.Cleanup(x.proxy.Stop)
	return x
}

// Break ends every connection, old ones too, after so many bytes of answers.
func (x *Toxic) Break(after int64) { x.add("limit_data", map[string]int64{"bytes": after}) }

// Reset resets every connection (RST) as soon as an answer comes.
func (x *Toxic) Reset() { x.add("reset_peer", map[string]int64{"timeout": 0}) }

// Slow holds every answer back for so many milliseconds.
func (x *Toxic) Slow(ms int64) { x.add("latency", map[string]int64{"latency": ms}) }

// Down refuses connections and ends those that are.
func (x *Toxic) Down() { x.proxy.Stop() }

// Heal takes away what was set.
func (x *Toxic) Heal() {
	x.proxy.Toxics.ResetToxics(zerolog.Nop().WithContext(context.Background()))
}

func (x *Toxic) add(kind string, attributes map[string]int64) {
	b, err := json.Marshal(map[string]any{"type": kind, "attributes": attributes})
	if err == nil {
		_, err = x.proxy.Toxics.AddToxicJson(bytes.NewReader(b))
	}
	if err != nil {
		x.t.Errorf("toxiproxy: %v", err)
	}
}

// Main runs the tests of a package and fails where one leaves a goroutine
// behind, but for Toxiproxy's.
func Main(m *testing.M) { goleak.VerifyTestMain(m, ofToxiproxy()...) }

// ofToxiproxy are its goroutines, which stay behind a connection that it broke.
func ofToxiproxy() []goleak.Option {
	var out []goleak.Option
	for _, f := range []string{
		"(*ToxicLink).read", "(*ToxicLink).write", "(*Proxy).server", "(*Proxy).freeBlocker", "toxics.(*ToxicStub).Run",
	} {
		sep := "."
		if f[0] != '(' {
			sep = "/"
		}
		out = append(out, goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2"+sep+f))
	}
	return out
}
