package servers

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"triagent/lab/process"
)

// The tokens of a Kubernetes API: the administrator's is Server.Token; the
// reader may do what a test binds to user "reader", at first nothing.
const (
	kubeAdmin  = "admin-token-of-tests"
	KubeReader = "reader-token-of-tests"
)

// kubeParts are the modules that its own go.mod replaces by folders.
const kubeParts = "api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap code-generator " +
	"component-base component-helpers controller-manager cri-api cri-client csi-translation-lib dynamic-resource-allocation endpointslice externaljwt " +
	"kms kube-aggregator kube-controller-manager kube-proxy kube-scheduler kubectl kubelet metrics mount-utils pod-security-admission " +
	"sample-apiserver sample-cli-plugin sample-controller"

// kubernetes is its API with etcd behind it, and nothing that acts: a test writes
// the status of pods itself.
var kubernetes = recipe{
	slow: true, scheme: "https", ports: []string{"http", "etcd", "peer"}, within: 2 * time.Minute,
	get: func(ctx context.Context, _ *Options) (programs, error) {
		e, err := goBuild(ctx, "etcd-v3.6.8", "go.etcd.io/etcd/server/v3", "v3.6.8", "go.etcd.io/etcd/server/v3")
		if err != nil {
			return nil, err
		}
		var replaced []string
		for _, part := range strings.Fields(kubeParts) {
			replaced = append(replaced, "k8s.io/"+part+"=k8s.io/"+part+"@v0.34.1")
		}
		k, err := goBuild(ctx, "kube-apiserver-v1.34.1", "k8s.io/kubernetes", "v1.34.1", "k8s.io/kubernetes/cmd/kube-apiserver", replaced...)
		return programs{"etcd": e, "kube-apiserver": k}, err
	},
	prepare: func(_ context.Context, s *Server, _ programs) error {
		s.CA, s.Token = filepath.Join(s.Dir, "crt", "apiserver.crt"), kubeAdmin
		_, err := s.write("tokens.csv", kubeAdmin+`,admin,1,"system:masters"`+"\n"+KubeReader+",reader,2\n")
		return errors.Join(err, s.serviceKeys())
	},
	commands: func(s *Server, p programs) []process.Command {
		return []process.Command{etcdCommand(&Server{Dir: s.Dir, Ports: s.Ports}, p["etcd"], "etcd", "peer"), {
			Name: "kube-apiserver", Path: p["kube-apiserver"], Args: append([]string{
				"--etcd-servers=http://" + s.Addr("etcd"), "--cert-dir=crt", "--bind-address=127.0.0.1", "--secure-port=" + strconv.Itoa(s.Ports["http"]),
				"--service-account-issuer=" + s.URL, "--service-account-key-file=sa.pub", "--service-account-signing-key-file=sa.key",
				"--token-auth-file=tokens.csv", "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount",
				"--service-cluster-ip-range=10.0.0.0/24", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
			}, s.o.Args...),
		}}
	},
	ready: func(ctx context.Context, s *Server) error {
		c, err := s.Client()
		if err != nil {
			return err
		}
		defer c.CloseIdleConnections()
		return ask(ctx, c, s.URL+"/readyz")
	},
}

// Client is a client that trusts the server and shows its administrator's token.
func (s *Server) Client() (*http.Client, error) {
	pool := x509.NewCertPool()
	if s.CA != "" {
		b, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, err
		}
		if !pool.AppendCertsFromPEM(b) {
			return nil, errors.New(s.CA + " holds no certificate")
		}
	}
	way := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	return &http.Client{Transport: &bearer{way, s.Token}}, nil
}

// bearer shows a token with every request that has none.
type bearer struct {
	*http.Transport
	token string
}

func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.token != "" && r.Header.Get("Authorization") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	return b.Transport.RoundTrip(r)
}

// serviceKeys makes the key that tokens of service accounts are signed with.
func (s *Server) serviceKeys() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	_, err = s.write("sa.pub", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})))
	_, err2 := s.write("sa.key", string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))
	return errors.Join(err, err2)
}
