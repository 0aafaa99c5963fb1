// Package kubernetes asks the API of a Kubernetes cluster what became of the
// pods of a system: which of them restarted, why they ended (out of memory,
// evicted, a probe that failed), what they wait for, what happened to the
// machines below them, and what was rolled out. It reads lists only, page by
// page, and watches nothing.
//
// A node is a pod. Its names are the pod's name, its names in the cluster's DNS
// where it has some, and its addresses with and without ports; the machine that
// it runs on is a label.
package kubernetes

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/internal/errs"
)

// Config says which cluster is asked, and for what. Within a pod nothing is
// needed: the address of the API stands in the environment, and the token and
// the authority of the pod's service account in files.
type Config struct {
	fetch.Settings `yaml:",inline"`
	// TokenFile holds the token; it is read again when it changes. Empty: that of
	// the service account, where URL is empty.
	TokenFile  string   `yaml:"token_file"`
	Namespaces []string `yaml:"namespaces"` // empty: all, which needs rights on the whole cluster
	Labels     string   `yaml:"labels"`     // selector for pods, as "app.kubernetes.io/name=iotdb"; empty: all pods
	Page       int      `yaml:"page"`       // objects in one answer; 0: 500
}

// account is where a pod finds what its service account needs.
const account = "/var/run/secrets/kubernetes.io/serviceaccount"

// mostSelector is the longest selector, in bytes. A regular expression that counts so
// far takes long to build, at every start of the program.
const mostSelector = 1000

var (
	namespace = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	})
	selector = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[-A-Za-z0-9_./=!,() ]*$`)
	})
)

// Validate says what is wrong with the settings. An empty URL is that of the
// cluster that we run in.
func (c *Config) Validate() error {
	at := c.Settings
	if at.URL == "" {
		at.URL = "https://kubernetes.default.svc"
	}
	if err := at.Validate(); err != nil {
		return err
	}
	for _, n := range c.Namespaces {
		if !namespace().MatchString(n) {
			return errs.New(errs.Invalid, "namespaces: %.80q is no name of a namespace", n)
		}
	}
	switch {
	case len(c.Labels) > mostSelector || !selector().MatchString(c.Labels):
		return errs.New(errs.Invalid, "labels: %.80q is no label selector, as app=iotdb,tier!=cache", c.Labels)
	case c.Page < 0 || c.Page > 5000:
		return errs.New(errs.Invalid, "page: it is %d, and may be up to 5000", c.Page)
	case c.TokenFile != "" && (c.Token != "" || c.User != ""):
		return errs.New(errs.Invalid, "token_file excludes token and user")
	}
	return nil
}

// fill takes from the pod that we run in what is not given.
func (c *Config) fill() error {
	c.Page = cmp.Or(c.Page, 500)
	if c.URL != "" {
		return nil
	}
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" {
		return &errs.Error{
			Op: "kubernetes", Kind: errs.Invalid, Err: errors.New("there is no url, and we do not run in a pod"),
			Remedy: "give the address of the API, as kubectl cluster-info tells it",
		}
	}
	c.URL = "https://" + net.JoinHostPort(host, cmp.Or(port, "443"))
	if c.TokenFile == "" && c.Token == "" && c.User == "" {
		c.TokenFile = account + "/token"
	}
	if c.TLS.CA == "" && !c.TLS.SkipVerify {
		c.TLS.CA = account + "/ca.crt"
	}
	if c.Proxy == "" {
		c.Proxy = "none" // the API of the own cluster is never behind one
	}
	return nil
}

// Source is one cluster. It is safe for concurrent use; Close it.
type Source struct {
	c Config

	mu    sync.Mutex
	http  *fetch.Client
	token connectors.Secret
	past  connectors.Load // of clients with older tokens
}

var _ connectors.Source = (*Source)(nil)

// New checks the configuration, reads the files it names and connects to
// nothing.
func New(c Config) (*Source, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := c.fill(); err != nil {
		return nil, err
	}
	s := &Source{c: c}
	_, err := s.client()
	return s, err
}

// client gives the client, a new one where the token has been renewed: tokens of
// pods live for an hour.
func (s *Source) client() (*fetch.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.c.Settings
	if s.c.TokenFile != "" {
		b, err := os.ReadFile(s.c.TokenFile)
		if err != nil {
			return nil, &errs.Error{Op: "read token_file", Kind: errs.Invalid, Err: err, Remedy: "name a file that this program may read"}
		}
		at.Token = connectors.Secret(strings.TrimSpace(string(b)))
	}
	if s.http != nil && at.Token == s.token {
		return s.http, nil
	}
	c, err := fetch.New(at)
	if err != nil {
		return nil, err
	}
	if s.http != nil {
		s.past = sum(s.past, s.http.Load())
		_ = s.http.Close() // ends what is idle only, and cannot fail
	}
	s.http, s.token = c, at.Token
	return c, nil
}

// Close ends idle connections.
func (s *Source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.http.Close()
}

// Load is what was asked since the source was made.
func (s *Source) Load() connectors.Load {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sum(s.past, s.http.Load())
}

func sum(a, b connectors.Load) connectors.Load {
	return connectors.Load{Requests: a.Requests + b.Requests, Bytes: a.Bytes + b.Bytes, Retries: a.Retries + b.Retries}
}

// scopes are the paths below a group of the API that are asked for a resource:
// one for each namespace, or one for all.
func (s *Source) scopes(group, resource string) []string {
	if len(s.c.Namespaces) == 0 {
		return []string{group + "/" + resource}
	}
	var out []string
	for _, n := range s.c.Namespaces {
		out = append(out, group+"/namespaces/"+n+"/"+resource)
	}
	return out
}

// query is a question as people repeat it with kubectl get --raw.
func query(path string, q url.Values) string {
	if len(q) == 0 {
		return "GET " + path
	}
	return "GET " + path + "?" + q.Encode()
}

// partly reports whether one question may go unanswered and the others be asked:
// its right is missing, this API does not know it, or its answer is too long.
func partly(ctx context.Context, err error) bool {
	k := errs.KindOf(err)
	return ctx.Err() == nil && (k == errs.Denied || k == errs.Exhausted || k == errs.Invalid && fetch.StatusOf(err) == 404)
}
