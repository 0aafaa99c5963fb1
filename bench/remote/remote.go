// Package remote is how the benchmarks speak to the service: plain HTTP to a
// loopback address, with an API token or a session, and streams of events.
package remote

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Client asks one service. It is safe for concurrent use.
type Client struct {
	base  string
	token string
	http  http.Client
}

// New returns a client of the service at base, as http://127.0.0.1:8080, that
// keeps up to conns connections. The token is sent as a bearer; empty: none. An
// address that is not of this machine is an error: load belongs nowhere else.
func New(base, token string, conns int) (*Client, error) {
	if _, err := Host(base); err != nil {
		return nil, err
	}
	return &Client{base: strings.TrimRight(base, "/"), token: token, http: http.Client{
		Timeout: time.Minute,
		Transport: &http.Transport{
			MaxIdleConns: conns, MaxIdleConnsPerHost: conns, MaxConnsPerHost: conns, DisableCompression: true,
		},
	}}, nil
}

// Host returns the host and port of a URL, if it is plain HTTP on a loopback
// address.
func Host(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme != "http" || ip == nil || !ip.IsLoopback() {
		return "", fmt.Errorf("%s is not plain HTTP on a loopback address", base)
	}
	return u.Host, nil
}

// Lines returns the lines of a file that are not empty: cookies, or a token.
func Lines(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	lines := strings.Fields(string(text))
	if len(lines) == 0 {
		return nil, fmt.Errorf("%s is empty", file)
	}
	return lines, nil
}

// Answer is what the service said.
type Answer struct {
	Status int // 0: nothing, see Err
	Header http.Header
	Body   []byte
	Err    error // why there is no answer
}

// Into reads the body into out. An answer that is no success is an error.
func (a Answer) Into(out any) error {
	switch {
	case a.Err != nil:
		return a.Err
	case a.Status/100 != 2:
		return fmt.Errorf("status %d: %.300s", a.Status, a.Body)
	case out == nil:
		return nil
	}
	return json.Unmarshal(a.Body, out)
}

// Ask sends a request below /api/v1 and reads the answer to its end. Headers
// are names and values in turn; the type of a body is JSON unless they say
// otherwise.
func (c *Client) Ask(ctx context.Context, method, path string, body []byte, headers ...string) Answer {
	req, err := c.request(ctx, method, path, body, headers)
	if err != nil {
		return Answer{Err: err}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Answer{Err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		return Answer{Err: err}
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: out}
}

func (c *Client) request(ctx context.Context, method, path string, body []byte, headers []string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req, nil
}

// Event is one event of a stream.
type Event struct {
	Name string
	Data []byte // JSON; valid until the next event
}

// Stream reads events of a path below /api/v1 and gives them to each until ctx
// ends or each returns an error, which it returns.
func (c *Client) Stream(ctx context.Context, path string, each func(Event) error) error {
	req, err := c.request(ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return err
	}
	endless := http.Client{Transport: c.http.Transport}
	resp, err := endless.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, resp.Status)
	}
	return events(resp.Body, each)
}

// maxLine bounds a line of a stream.
const maxLine = 1 << 20

var errOver = errors.New("the stream ended")

func events(r io.Reader, each func(Event) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 16<<10), maxLine)
	var e Event
	for lines.Scan() {
		line := lines.Bytes()
		switch {
		case len(line) == 0:
			if e.Name != "" {
				if err := each(e); err != nil {
					return err
				}
			}
			e = Event{}
		case bytes.HasPrefix(line, []byte("event: ")):
			e.Name = string(line[7:])
		case bytes.HasPrefix(line, []byte("data: ")):
			e.Data = append([]byte(nil), line[6:]...)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errOver
}
