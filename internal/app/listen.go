package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"triagent/internal/errs"
)

// listen opens the port of the service. With next, a port that is taken is
// passed over for the nearest free one above it: a demonstration should start.
func listen(ctx context.Context, addr string, next bool) (net.Listener, error) {
	const tries = 20
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, errs.New(errs.Invalid, "listen: %q is not host:port", addr)
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		return nil, errs.New(errs.Invalid, "listen: %q is not a port", port)
	}
	var lc net.ListenConfig
	for i := 0; ; i++ {
		l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(first+i)))
		switch {
		case err == nil:
			return l, nil
		case !errors.Is(err, syscall.EADDRINUSE):
			return nil, &errs.Error{Op: "listen", Kind: errs.Invalid, Err: err}
		case !next || i == tries:
			return nil, &errs.Error{
				Op: "listen", Kind: errs.Invalid, Err: err,
				Remedy: "another program has this port: end it, or choose another with --listen HOST:PORT",
			}
		}
	}
}

// loopback reports whether only programs of this machine reach a listener.
func loopback(l net.Listener) bool {
	a, ok := l.Addr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}

// serve answers requests until ctx ends, then lets those under way finish for
// a few seconds; without a pair of keys it speaks plain HTTP. Streams of events end at once: pages reconnect by themselves.
func serve(ctx context.Context, l net.Listener, h http.Handler, pair *keyPair, log *slog.Logger) error {
	streams, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return streams },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	done := make(chan error, 1)
	go func() {
		if pair == nil {
			done <- s.Serve(l)
			return
		}
		s.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: pair.get}
		done <- s.ServeTLS(l, "", "")
	}()
	select {
	case err := <-done:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	cut()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.Shutdown(end); err != nil {
		log.Warn("requests were cut off", slog.Any("error", err))
		_ = s.Close()
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// keyPair serves a certificate from files, and reads them again when they were
// replaced: a renewed certificate needs no restart.
type keyPair struct {
	cert, key string
	log       *slog.Logger

	mu     sync.Mutex
	pair   *tls.Certificate
	read   time.Time // modification of the file that pair is from
	looked time.Time
}

func newKeyPair(cert, key string, log *slog.Logger) (*keyPair, error) {
	k := &keyPair{cert: cert, key: key, log: log}
	if _, err := k.get(nil); err != nil {
		return nil, &errs.Error{Op: "tls", Kind: errs.Invalid, Err: err}
	}
	return k, nil
}

// get returns the certificate; a pair of files that does not fit keeps the one
// before in use.
func (k *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pair != nil && time.Since(k.looked) < time.Second {
		return k.pair, nil
	}
	k.looked = time.Now()
	info, err := os.Stat(k.cert)
	if err == nil && k.pair != nil && info.ModTime().Equal(k.read) {
		return k.pair, nil
	}
	var pair tls.Certificate
	if err == nil {
		pair, err = tls.LoadX509KeyPair(k.cert, k.key)
	}
	if err != nil {
		if k.pair != nil {
			k.log.Warn("the new certificate cannot be used, the old one stays", slog.Any("error", err))
			return k.pair, nil
		}
		return nil, err
	}
	k.pair, k.read = &pair, info.ModTime()
	return k.pair, nil
}
