package iotdb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
)

// The statements that tell who takes part.
const (
	showDetails   = "show cluster details"
	showCluster   = "show cluster"
	showConfig    = "show confignodes"
	showRegions   = "show regions"
	showVariables = "show variables"
	showQueries   = "show queries"
)

// configRegion is the group of the ConfigNodes, as IoTDB names its groups.
const configRegion = "ConfigRegion[0]"

// mostNodes and mostReplicas bound what is taken over of a cluster.
const mostNodes, mostReplicas = 1000, 20_000

// member is a node as the cluster knows it.
type member struct {
	name    string // "datanode-3"
	id      string
	service string // "datanode", "confignode"
	host    string
	status  string
	names   []string
}

// Discover asks the cluster who its nodes are, who leads which group, and which
// consensus the groups run. Roles have no beginning: the cluster tells those of
// now. Where rights are missing for regions, the nodes still come, with a lack.
func (s *Source) Discover(ctx context.Context, span incident.Window) (connectors.Found, error) {
	var found connectors.Found
	members, err := s.members(ctx)
	if err != nil {
		return found, err
	}
	for _, m := range members {
		found.Nodes = append(found.Nodes, connectors.Node{
			Names: m.names, Host: m.host, Service: m.service, Labels: map[string]string{"node_id": m.id, "status": m.status},
		})
	}
	if time.Since(span.To) <= fresh {
		found.Lacks = notRunning(members)
	}
	vars, err := s.variables(ctx)
	if err != nil {
		if found.Lacks, err = lack(found.Lacks, "consensus of the groups", err); err != nil {
			return found, err
		}
	}
	if err := s.leaders(ctx, &found, members, vars); err != nil {
		return found, err
	}
	if err := s.regions(ctx, &found, members, vars); err != nil {
		return found, err
	}
	for _, m := range members {
		if m.service == "datanode" && len(found.Roles) > 0 && found.Roles[0].Role == incident.ConfigLeader {
			found.Calls = append(found.Calls, connectors.Call{From: m.name, To: found.Roles[0].Node})
		}
	}
	if old := time.Since(span.To); old > fresh && len(found.Roles) > 0 {
		found.Lacks = append(found.Lacks, connectors.Lack{
			What: "roles of that time", Why: fmt.Sprintf("IoTDB tells the roles of now, %v later", old.Round(time.Minute)),
			Remedy: "give its logs too: they tell elections",
		})
	}
	s.holds(&found)
	return found, nil
}

// notRunning tells of nodes from which nothing is to be expected.
func notRunning(members []member) []connectors.Lack {
	var out []connectors.Lack
	for _, m := range members {
		if m.status != "Running" {
			out = append(out, connectors.Lack{What: m.name + " in good order", Why: "the cluster says that it is " + m.status})
		}
	}
	return out
}

func (s *Source) holds(found *connectors.Found) {
	found.Holds = append(found.Holds, connectors.Holding{What: "roles", Count: int64(len(found.Roles)), Unit: "roles", Note: "those of now"})
	if n := len(s.metrics); n > 0 {
		found.Holds = append(found.Holds, connectors.Holding{What: "metrics", Count: int64(n), Unit: "endpoints", Note: "the present only"})
	}
	if n := len(s.c.Series); n > 0 {
		found.Holds = append(found.Holds, connectors.Holding{What: "metrics", Count: -1, Unit: "series", Note: fmt.Sprintf("of %d path patterns", n)})
	}
}

// lack notes that something is missing for lack of rights, or because this
// version does not know it. Other errors are returned.
func lack(to []connectors.Lack, what string, err error) ([]connectors.Lack, error) {
	if !isCode(err, noPermission) && !isCode(err, syntaxError) {
		return to, err
	}
	l := connectors.Lack{What: what, Why: err.Error()}
	var e *errs.Error
	if errors.As(err, &e) {
		l.Why, l.Remedy = e.Err.Error(), e.Remedy
	}
	return append(to, l), nil
}

// members asks for the nodes: with all ports, or without where an old version
// does not know that.
func (s *Source) members(ctx context.Context) ([]member, error) {
	a, err := s.ask(ctx, showDetails)
	if isCode(err, syntaxError) {
		a, err = s.ask(ctx, showCluster)
	}
	if err != nil {
		return nil, err
	}
	if err := a.need("NodeID", "NodeType", "Status", "InternalAddress", "InternalPort"); err != nil {
		return nil, err
	}
	var out []member
	for i := range min(a.rows(), mostNodes) {
		m := member{
			id: a.text("NodeID", i), service: strings.ToLower(a.text("NodeType", i)), host: a.text("InternalAddress", i), status: a.text("Status", i),
		}
		if m.id == "" || m.service == "" {
			continue
		}
		m.name = m.service + "-" + m.id
		m.names = []string{m.name}
		for _, c := range []string{"InternalPort", "ConfigConsensusPort", "RpcPort", "MppPort", "SchemaConsensusPort", "DataConsensusPort"} {
			host := m.host
			if rpc := a.text("RpcAddress", i); c == "RpcPort" && rpc != "" && rpc != "0.0.0.0" {
				host = rpc
			}
			m.add(host, a.text(c, i))
		}
		out = append(out, m)
	}
	s.metricsPorts(out)
	return out, nil
}

func (m *member) add(host, port string) {
	if n, err := strconv.Atoi(port); err != nil || n <= 0 || host == "" {
		return
	}
	if name := net.JoinHostPort(host, port); !slices.Contains(m.names, name) {
		m.names = append(m.names, name)
	}
}

// metricsPorts adds the names by which nodes go in Prometheus, where only one
// node of the kind is on the host: more than one cannot all have that port.
func (s *Source) metricsPorts(all []member) {
	on := make(map[string]int)
	for _, m := range all {
		on[m.service+" "+m.host]++
	}
	for i := range all {
		m := &all[i]
		if on[m.service+" "+m.host] > 1 {
			continue
		}
		switch m.service {
		case "confignode":
			m.add(m.host, strconv.Itoa(s.c.Ports.ConfigNode))
		case "datanode":
			m.add(m.host, strconv.Itoa(s.c.Ports.DataNode))
		}
	}
}

// variables asks for the settings of the cluster.
func (s *Source) variables(ctx context.Context) (map[string]string, error) {
	a, err := s.ask(ctx, showVariables)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string)
	for i := range min(a.rows(), 1000) {
		out[a.text("Variable", i)] = a.text("Value", i)
	}
	return out, nil
}

// consensus is the protocol that a class of IoTDB implements: "ratis" for
// org.apache.iotdb.consensus.ratis.RatisConsensus.
func consensus(class string) string {
	name := strings.ToLower(class[strings.LastIndexByte(class, '.')+1:])
	return strings.Replace(name, "consensus", "", 1)
}

// leaders asks who leads the ConfigNodes. The leader's role comes first.
func (s *Source) leaders(ctx context.Context, found *connectors.Found, members []member, vars map[string]string) error {
	a, err := s.ask(ctx, showConfig)
	if err == nil {
		err = a.need("NodeID", "Role")
	}
	if err != nil {
		found.Lacks, err = lack(found.Lacks, "the leader of the ConfigNodes", err)
		return err
	}
	g := connectors.Group{ID: configRegion, Consensus: consensus(vars["ConfigNodeConsensusProtocolClass"])}
	for i := range min(a.rows(), mostNodes) {
		name := nameOf(members, "confignode", a.text("NodeID", i))
		role := connectors.Role{Node: name, Role: incident.ConfigFollower, Group: configRegion}
		if a.text("Role", i) == "Leader" {
			role.Role = incident.ConfigLeader
			found.Roles = append([]connectors.Role{role}, found.Roles...)
		} else {
			found.Roles = append(found.Roles, role)
		}
		g.Members = append(g.Members, name)
	}
	if len(g.Members) > 0 {
		found.Groups = append(found.Groups, g)
	}
	return nil
}

// nameOf is the name of a node by its kind and ID.
func nameOf(members []member, service, id string) string {
	for _, m := range members {
		if m.service == service && m.id == id {
			return m.name
		}
	}
	return service + "-" + id
}

// regions asks who holds and who leads which region.
func (s *Source) regions(ctx context.Context, found *connectors.Found, members []member, vars map[string]string) error {
	a, err := s.ask(ctx, showRegions)
	if err == nil {
		err = a.need("RegionId", "Type", "DataNodeId", "Role")
	}
	if err != nil {
		found.Lacks, err = lack(found.Lacks, "who leads which region", err)
		return err
	}
	if n := a.rows(); n > mostReplicas {
		found.Lacks = append(found.Lacks, connectors.Lack{What: "regions", Why: fmt.Sprintf("the cluster has %d replicas, and %d are taken over", n, mostReplicas)})
	}
	groups := make(map[string]int) // index in found.Groups
	for i := range min(a.rows(), mostReplicas) {
		kind := a.text("Type", i)
		id := fmt.Sprintf("%s[%s]", kind, a.text("RegionId", i))
		name := nameOf(members, "datanode", a.text("DataNodeId", i))
		role := incident.Follower
		if a.text("Role", i) == "Leader" {
			role = incident.Leader
		}
		found.Roles = append(found.Roles, connectors.Role{Node: name, Role: role, Group: id})
		at, ok := groups[id]
		if !ok {
			at = len(found.Groups)
			groups[id] = at
			found.Groups = append(found.Groups, connectors.Group{ID: id, Consensus: consensus(vars[kind+"ConsensusProtocolClass"])})
		}
		g := &found.Groups[at]
		if !slices.Contains(g.Members, name) {
			g.Members = append(g.Members, name)
		}
	}
	return nil
}
