package traces

import (
	"net"
	"regexp"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"triagent/connectors"
)

// labelKeys are attributes of resources that say more of a node.
var labelKeys = []string{
	"service.namespace", "service.version", "deployment.environment.name", "deployment.environment",
	"k8s.namespace.name", "k8s.node.name", "k8s.deployment.name", "k8s.statefulset.name", "cloud.availability_zone", "telemetry.sdk.language",
}

// random is an ID that a library made up when its process began.
var random = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$|^[0-9a-fA-F]{32}$`)
})

// Node is the node that a resource is; it has no name if the resource says
// nothing that names one.
//
// The first name is service.instance.id, else the pod or the container's host, else the
// service. Two kinds of ID are no names for people or for long: a random one,
// which changes with every start, stands behind the pod or "service@host", and a
// bare number, which every service may have, behind its service ("cart-1"). The
// name of the service is a name of the node only if there is no other, and the
// host's only if the ID and the pod are not known: they are shared by several.
func Node(resource pcommon.Map) connectors.Node {
	get := func(keys ...string) string {
		for _, k := range keys {
			if v, ok := resource.Get(k); ok {
				if text := plain(v.AsString()); text != "" {
					return text
				}
			}
		}
		return ""
	}
	n := connectors.Node{Service: get("service.name"), Host: get("host.name", "k8s.node.name", "host.ip")}
	if strings.HasPrefix(n.Service, "unknown_service") { // what a library says that was told nothing
		n.Service = ""
	}
	id, pod := get("service.instance.id"), get("k8s.pod.name")
	n.Names = names(id, pod, n.Host, n.Service, get("host.id", "container.id"))
	if n.Host == "" {
		if host, _, err := net.SplitHostPort(id); err == nil {
			n.Host = host
		}
	}
	if ip := get("k8s.pod.ip"); ip != "" && len(n.Names) > 0 {
		n.Names = append(n.Names, ip)
	}
	for _, k := range labelKeys {
		if v := get(k); v != "" {
			if n.Labels == nil {
				n.Labels = make(map[string]string, 4)
			}
			n.Labels[k] = v
		}
	}
	return n
}

// names are those of a node, the most telling first.
func names(id, pod, host, service, machine string) []string {
	if id != "" && service != "" && strings.Trim(id, "0123456789") == "" {
		id = service + "-" + id
	}
	var out []string
	add := func(name string) {
		for _, x := range out {
			if x == name {
				return
			}
		}
		if name != "" {
			out = append(out, name)
		}
	}
	switch {
	case random().MatchString(id) && pod != "":
		add(pod)
	case random().MatchString(id) && host != "" && service != "":
		add(service + "@" + host)
	}
	add(id)
	add(pod)
	for _, other := range []string{host, service, machine} {
		if len(out) == 0 {
			add(other)
		}
	}
	return out
}

// plain makes foreign text fit for a name.
func plain(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, clean(s, maxName)))
}
