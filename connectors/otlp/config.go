// Package otlp receives what systems tell of themselves by the OpenTelemetry
// protocol (traces, metrics and logs; gRPC, HTTP with protobuf, HTTP with JSON)
// and keeps the last of it in a bounded ring on disk, so that the minutes before
// an incident are there. A Receiver takes in; a Source hands over what is in the
// ring, in the same process or in another.
//
// What is accepted is on disk when the sender is told so: a process that is
// killed loses nothing. What does not fit is refused in the protocol's own
// words: a sender is told to wait (429, ResourceExhausted, with a time), or that
// items of a batch were refused (partial success), and why.
package otlp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"time"

	"triagent/connectors"
	"triagent/connectors/otlp/ring"
	"triagent/internal/errs"
)

// Config says where data is received and how much is kept. Only Dir is needed.
type Config struct {
	Dir     string            `yaml:"dir"`      // folder of the ring, for it alone
	GRPC    string            `yaml:"grpc"`     // address to listen on; empty: 127.0.0.1:4317; "none": not at all
	HTTP    string            `yaml:"http"`     // the same; empty: 127.0.0.1:4318
	Token   connectors.Secret `yaml:"token"`    // bearer token that senders must show; empty: anybody may send
	TLS     TLS               `yaml:"tls"`      // for both addresses
	Total   int64             `yaml:"total"`    // bytes on disk, at most; 0: 1 GiB
	Segment int64             `yaml:"segment"`  // bytes dropped at once when it is full; 0: 8 MiB
	Age     time.Duration     `yaml:"age"`      // what came in longer ago is dropped; 0: 6 h
	MaxBody int64             `yaml:"max_body"` // bytes of one request, decompressed; 0: 8 MiB
	AtOnce  int               `yaml:"at_once"`  // requests worked on at once; more are told to wait; 0: 16
}

// TLS says who we are to senders, and whom we take data from. The zero TLS is
// none: what is sent can be read on the line.
type TLS struct {
	Cert     string `yaml:"cert"`      // PEM files of our certificate; both or none
	Key      string `yaml:"key"`       //
	ClientCA string `yaml:"client_ca"` // PEM file of authorities; senders must show a certificate of one; empty: they need none
}

const none = "none"

// filled is the configuration with the defaults in place of what is not set.
func (c Config) filled() Config {
	if c.GRPC == "" {
		c.GRPC = "127.0.0.1:4317"
	}
	if c.HTTP == "" {
		c.HTTP = "127.0.0.1:4318"
	}
	if c.Total == 0 {
		c.Total = 1 << 30
	}
	if c.Segment == 0 {
		c.Segment = min(8<<20, c.Total/8)
	}
	if c.Age == 0 {
		c.Age = 6 * time.Hour
	}
	if c.MaxBody == 0 {
		c.MaxBody = min(8<<20, c.Total/8)
	}
	if c.AtOnce == 0 {
		c.AtOnce = 16
	}
	return c
}

// Validate says what is wrong with the settings; files of TLS are read by
// NewReceiver.
func (c *Config) Validate() error {
	f := c.filled()
	switch {
	case f.Dir == "":
		return errs.New(errs.Invalid, "dir: the folder of the ring is needed")
	case f.GRPC == none && f.HTTP == none:
		return errs.New(errs.Invalid, "grpc and http: one of them is needed")
	case (f.TLS.Cert == "") != (f.TLS.Key == ""):
		return errs.New(errs.Invalid, "tls: cert and key belong together")
	case f.TLS.ClientCA != "" && f.TLS.Cert == "":
		return errs.New(errs.Invalid, "tls: client_ca needs cert and key")
	case f.Total < 16<<20 || f.Total > 1<<40:
		return errs.New(errs.Invalid, "total: it is %d bytes, and may be 16 MiB to 1 TiB", f.Total)
	case f.Segment < 64<<10 || f.Segment > f.Total/4:
		return errs.New(errs.Invalid, "segment: it is %d bytes, and may be 64 KiB to a quarter of total", f.Segment)
	case f.Age < time.Minute || f.Age > 31*24*time.Hour:
		return errs.New(errs.Invalid, "age: it is %v, and may be 1m to 744h", f.Age)
	case f.MaxBody < 64<<10 || f.MaxBody > min(ring.MaxBatch, f.Total/4):
		return errs.New(errs.Invalid, "max_body: it is %d bytes, and may be 64 KiB to 64 MiB and to a quarter of total", f.MaxBody)
	case f.AtOnce < 1 || f.AtOnce > 1024:
		return errs.New(errs.Invalid, "at_once: it is %d, and may be 1 to 1024", f.AtOnce)
	}
	for name, at := range map[string]string{"grpc": f.GRPC, "http": f.HTTP} {
		if _, _, err := net.SplitHostPort(at); err != nil && at != none {
			return errs.New(errs.Invalid, "%s: %.60q is no host:port, and not %q", name, at, none)
		}
	}
	return nil
}

// config reads the files that TLS names; nil: none.
func (t *TLS) config() (*tls.Config, error) {
	if t.Cert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, &errs.Error{Op: "tls: read cert and key", Kind: errs.Invalid, File: t.Cert, Err: err}
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if t.ClientCA != "" {
		pem, err := os.ReadFile(t.ClientCA)
		if err != nil {
			return nil, &errs.Error{Op: "tls: read client_ca", Kind: errs.Invalid, Err: err}
		}
		c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		if !c.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, &errs.Error{Kind: errs.Invalid, File: t.ClientCA, Err: errors.New("tls: client_ca: no certificate in PEM is in it")}
		}
	}
	return c, nil
}
