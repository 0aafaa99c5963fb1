package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
)

// maxPods is how many pods are nodes.
const maxPods = 20_000

// found is a pod and what it is called.
type found struct {
	pod
	node  connectors.Node
	query string
}

// Discover finds the pods. What they went through is not asked for.
func (s *Source) Discover(ctx context.Context, _ incident.Window) (connectors.Found, error) {
	pods, f, err := s.pods(ctx)
	if err != nil {
		return connectors.Found{}, err
	}
	for _, p := range pods {
		f.Nodes = append(f.Nodes, p.node)
	}
	f.Holds = append(f.Holds, connectors.Holding{What: "pods", Count: int64(len(pods)), Unit: "pods"})
	events := connectors.Holding{What: "events", Unit: "events", Note: "The API keeps events for one hour unless it is told otherwise."}
	for _, path := range s.scopes("/api/v1", "events") {
		n, err := s.left(ctx, path, nil)
		switch {
		case err == nil && (n < 0 || events.Count < 0):
			events.Count = -1
		case err == nil:
			events.Count += n
		case partly(ctx, err):
			f.Lacks = append(f.Lacks, lack("events of "+place(path), err))
		default:
			return connectors.Found{}, err
		}
	}
	f.Holds = append(f.Holds, events)
	return f, nil
}

// pods are all pods that the settings ask for, by namespace and name.
func (s *Source) pods(ctx context.Context) ([]found, connectors.Found, error) {
	var (
		out    []found
		f      connectors.Found
		failed []error
	)
	q := url.Values{}
	if s.c.Labels != "" {
		q.Set("labelSelector", s.c.Labels)
	}
	paths := s.scopes("/api/v1", "pods")
	for _, path := range paths {
		err := each(ctx, s, path, q, false, func(p *pod) error {
			if len(out) == maxPods {
				return errMost
			}
			out = append(out, found{pod: *p, query: query(path, q)})
			return nil
		})
		switch {
		case errors.Is(err, errMost):
			f.Lacks = append(f.Lacks, connectors.Lack{
				What: fmt.Sprintf("pods of %s beyond %d", place(path), maxPods), Why: "no more are read",
				Remedy: "name namespaces, or a label selector with labels",
			})
		case err != nil && partly(ctx, err):
			failed = append(failed, err)
			f.Lacks = append(f.Lacks, lack("pods of "+place(path), err))
		case err != nil:
			return nil, f, err
		}
	}
	if len(failed) == len(paths) {
		return nil, f, failed[0]
	}
	once := map[string]int{}
	for _, p := range out {
		once[p.Metadata.Name]++
	}
	for i := range out {
		out[i].node = nodeOf(&out[i].pod, once[out[i].Metadata.Name] == 1)
	}
	return out, f, nil
}

// nodeOf is a pod as a node. Alone says that no other pod has its name.
func nodeOf(p *pod, alone bool) connectors.Node {
	n := connectors.Node{Host: address(p.Status.PodIP), Labels: map[string]string{}}
	add := func(name string) {
		if name != "" && len(n.Names) < 64 && !slices.Contains(n.Names, name) {
			n.Names = append(n.Names, name)
		}
	}
	name, ns := clean(p.Metadata.Name, 253), clean(p.Metadata.Namespace, 63)
	if alone {
		add(name)
	}
	add(ns + "/" + name)
	if h, sub := clean(p.Spec.Hostname, 63), clean(p.Spec.Subdomain, 63); h != "" && sub != "" {
		full := h + "." + sub + "." + ns
		if alone {
			add(h + "." + sub)
		}
		add(full)
		add(full + ".svc")
		add(full + ".svc.cluster.local")
	}
	ips := append([]ip{{p.Status.PodIP}}, p.Status.PodIPs...)
	for _, c := range p.Spec.Containers {
		for _, port := range c.Ports {
			for _, a := range ips {
				addPort(add, a.IP, port.ContainerPort)
			}
			addPort(add, p.Status.HostIP, port.HostPort)
		}
	}
	if !p.Spec.HostNetwork { // else other pods have it too
		for _, a := range ips {
			add(address(a.IP))
		}
	}
	kind, owner := p.Metadata.owner()
	n.Service = owner
	for k, v := range map[string]string{
		"namespace": ns, "machine": clean(p.Spec.NodeName, 253), "machine_address": address(p.Status.HostIP), "workload": kind,
	} {
		if v != "" {
			n.Labels[k] = v
		}
	}
	copyLabels(n.Labels, p.Metadata.Labels)
	return n
}

func addPort(add func(string), ip string, port int) {
	if a := address(ip); a != "" && port > 0 && port < 1<<16 {
		add(net.JoinHostPort(a, strconv.Itoa(port)))
	}
}

// address is an IP address; empty: it is none.
func address(s string) string {
	if net.ParseIP(s) == nil {
		return ""
	}
	return s
}

// copyLabels takes over the pod's own labels, within bounds.
func copyLabels(to, from map[string]string) {
	for _, k := range slices.Sorted(maps.Keys(from)) {
		if len(to) == 24 {
			return
		}
		if key := clean(k, 317); key != "" && to[key] == "" {
			to[key] = clean(from[k], 63)
		}
	}
}

// place says in words where a path asks.
func place(path string) string {
	if _, rest, ok := strings.Cut(path, "/namespaces/"); ok {
		name, _, _ := strings.Cut(rest, "/")
		return "namespace " + name
	}
	return "all namespaces"
}

// lack is what an error says, with its remedy apart.
func lack(what string, err error) connectors.Lack {
	var e *errs.Error
	l := connectors.Lack{What: what, Why: err.Error()}
	if errors.As(err, &e) {
		l.Remedy = e.Remedy
		bare := *e
		bare.Remedy = ""
		l.Why = bare.Error()
	}
	return l
}
