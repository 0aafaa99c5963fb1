// Package outgoing is what the senders of all channels share: an HTTP client
// that does not go where it must not, answers turned into errors of the right
// kind, and foreign text made harmless and short enough.
//
// Addresses of cloud metadata and link-local ones are never reached, whatever
// name leads there: the check is made on the address that is connected to, so a
// name that changes its address in between gains nothing. Redirects are not
// followed, since they would carry a secret to another place. URLs of channels
// are secrets, so no error holds one.
package outgoing

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"triagent/internal/errs"
)

// Timeout is how long a request may take in all, by default.
const Timeout = 15 * time.Second

// Guard says which addresses a client may connect to. The zero Guard allows
// loopback and private addresses, where chat servers of a company live, and
// refuses link-local and metadata addresses.
type Guard struct {
	RefusePrivate bool // refuse loopback and private addresses too
}

// errRefused is what a guarded connection fails with.
type errRefused struct{ addr netip.Addr }

func (e errRefused) Error() string {
	return fmt.Sprintf("the address %s may not be connected to", e.addr)
}

// Client returns an HTTP client that connects to what the guard allows, follows
// no redirect, uses no proxy and gives up after timeout (0: Timeout). Each call
// returns a client with connections of its own.
func (g Guard) Client(timeout time.Duration) *http.Client {
	if timeout <= 0 {
		timeout = Timeout
	}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext:            g.Dial,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    1,
			IdleConnTimeout:        30 * time.Second,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Dial connects to an address if the guard allows it, within ten seconds.
func (g Guard) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{
		Timeout: 10 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return g.check(address)
		},
	}
	return d.DialContext(ctx, network, address)
}

// CheckHost looks a host up and refuses it if any of its addresses may not be
// connected to. It is for libraries that bring their own client; the client of
// Guard checks at the connection and is safer.
func (g Guard) CheckHost(ctx context.Context, host string) error {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return &errs.Error{Op: "look up host", Kind: errs.Unavailable, Err: errors.New("the name has no address")}
	}
	for _, a := range addrs {
		if !g.allows(a) {
			return refusal(errRefused{a})
		}
	}
	return nil
}

func (g Guard) check(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	if !g.allows(ap.Addr()) {
		return errRefused{ap.Addr()}
	}
	return nil
}

// never lists what is refused always: the metadata services of clouds, some of
// which lie in private or public ranges.
var never = prefixes(
	"169.254.0.0/16",     // link-local, metadata of most clouds
	"fe80::/10",          // link-local
	"fd00:ec2::254/128",  // metadata, IPv6
	"fd20:ce::254/128",   // metadata, IPv6
	"100.100.100.200/32", // metadata
	"168.63.129.16/32",   // host agent
	"192.0.0.192/32",     // metadata
	"0.0.0.0/8",          // this host, on some systems
	"224.0.0.0/4", "240.0.0.0/4", "ff00::/8",
)

// private lists what RefusePrivate refuses beside.
var private = prefixes(
	"127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
	"100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "fc00::/7", "fec0::/10",
)

func (g Guard) allows(a netip.Addr) bool {
	a = inner(a).WithZone("")
	if !a.IsValid() || a.IsUnspecified() || in(never, a) {
		return false
	}
	return !g.RefusePrivate || !in(private, a)
}

// inner returns the IPv4 address that an IPv6 address stands for: mapped,
// NAT64 or 6to4.
func inner(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if !a.Is6() {
		return a
	}
	b := a.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(a), netip.MustParsePrefix("::/96").Contains(a) && a != netip.IPv6Loopback() && !a.IsUnspecified():
		return netip.AddrFrom4([4]byte(b[12:16]))
	case netip.MustParsePrefix("2002::/16").Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return a
}

func in(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}
