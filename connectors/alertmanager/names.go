package alertmanager

import (
	"net"
	"net/netip"
	"strings"

	"triagent/connectors"
)

// The labels that hold what is wanted of an alert, by the common names of
// exporters, Kubernetes and service meshes. They are those by which alerts that
// come in are read.
var (
	nodeLabels     = []string{"node", "nodename", "node_name", "node_id", "pod", "pod_name", "host", "hostname", "instance", "server", "vm", "device_host"}
	peerLabels     = []string{"peer", "peer_node", "destination", "destination_node", "destination_workload", "remote", "remote_node", "upstream"}
	systemLabels   = []string{"system", "cluster", "cluster_name", "cluster_id", "k8s_cluster"}
	severityLabels = []string{"severity", "priority", "level", "urgency"}
)

// first returns the value of the first label that has one.
func first(l map[string]string, list []string) string {
	for _, k := range list {
		if v := l[k]; v != "" {
			return v
		}
	}
	return ""
}

// names are those of the nodes that are asked for; nil: of all that there are.
type names map[string]bool

func newNames(nodes []connectors.Node) names {
	if len(nodes) == 0 {
		return nil
	}
	out := make(names)
	on := make(map[string]int)
	for _, n := range nodes {
		for _, name := range n.Names {
			out[name] = true
		}
		on[n.Host]++
	}
	for host, n := range on {
		if host != "" && n == 1 { // of several on a host it names none
			out[host] = true
		}
	}
	return out
}

// has reports whether a node is asked for.
func (n names) has(name string) bool { return n == nil || n[name] }

// find returns the node among labels, empty for none. Of several, one that is
// known wins; a known node may be written with a port or a domain.
func (n names) find(l map[string]string, list []string) string {
	best := ""
	for _, k := range list {
		v := l[k]
		if v == "" {
			continue
		}
		for _, form := range forms(v) {
			if n[form] {
				return form
			}
		}
		if best == "" {
			best = v
		}
	}
	return best
}

// forms are a name as it is, without its port, and without its domain.
func forms(name string) []string {
	out := []string{name}
	host := name
	if h, _, err := net.SplitHostPort(name); err == nil && h != "" {
		host = h
		out = append(out, h)
	}
	if _, err := netip.ParseAddr(host); err != nil {
		if short, _, ok := strings.Cut(host, "."); ok && short != "" {
			out = append(out, short)
		}
	}
	return out
}
