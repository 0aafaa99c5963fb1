package cluster

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"triagent/lab/servers"
)

// patroni is the configuration of a node. A leader that is lost is missed after
// 10 s.
func (c *Cluster) patroni(n *Node) []byte {
	home := filepath.Join(c.Dir, n.Name)
	return fmt.Appendf(nil, `scope: %s
name: %s
restapi: {listen: '%s', connect_address: '%s'}
etcd3: {host: '%s'}
bootstrap:
  dcs: {ttl: 20, loop_wait: 2, retry_timeout: 5, maximum_lag_on_failover: 1048576, postgresql: {use_pg_rewind: true, use_slots: true}}
  initdb: [{encoding: UTF8}, data-checksums, {auth: trust}]
  pg_hba: [host all all 127.0.0.1/32 trust, host replication all 127.0.0.1/32 trust, local all all trust]
postgresql:
  listen: '%s'
  connect_address: '%s'
  data_dir: '%s'
  bin_dir: '%s'
  pgpass: '%s'
  authentication: {superuser: {username: postgres}, replication: {username: repl}, rewind: {username: rewind}}
  parameters:
    unix_socket_directories: '%s'
    shared_preload_libraries: pg_stat_statements
    log_line_prefix: '%%m [%%p] '
    log_lock_waits: 'on'
    log_checkpoints: 'on'
    log_timezone: UTC
    shared_buffers: 32MB
`, c.Scope, n.Name, n.REST, n.REST, c.Etcd, n.SQL, n.SQL, filepath.Join(home, "data"), binaries(), filepath.Join(home, "pgpass"), home)
}

// binaries is the folder of the newest PostgreSQL that is installed.
func binaries() string {
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is right
	if len(all) > 0 {
		slices.Sort(all)
		return all[len(all)-1]
	}
	path, _ := exec.LookPath("postgres")
	return filepath.Dir(path)
}

// watchers starts Prometheus, and Alertmanager if somebody wants to be told.
func (c *Cluster) watchers(ctx context.Context, say func(string)) error {
	config := fmt.Sprintf("global: {scrape_interval: %v, evaluation_interval: 1s}\nrule_files: [rules.yml]\n", c.Scrape)
	if c.Webhook != "" {
		say("alertmanager")
		auth := ""
		if c.TokenFile != "" {
			auth = fmt.Sprintf(", http_config: {authorization: {credentials_file: '%s'}}", c.TokenFile)
		}
		if err := c.server(ctx, servers.Alertmanager, servers.Options{Config: fmt.Sprintf(
			"route: {receiver: hook, group_by: [alertname, instance], group_wait: 1s, group_interval: 5s}\n"+
				"receivers: [{name: hook, webhook_configs: [{url: '%s'%s}]}]\n", c.Webhook, auth)}); err != nil {
			return err
		}
		config += "alerting: {alertmanagers: [{static_configs: [{targets: ['" + c.other[len(c.other)-1].Addr("http") + "']}]}]}\n"
	}
	say("prometheus")
	config += "scrape_configs:\n" + c.job("patroni", func(n *Node) string { return n.REST })
	if c.Node[0].Exporter != "" {
		config += c.job("postgres", func(n *Node) string { return n.Exporter })
	}
	dir := filepath.Join(c.Dir, string(servers.Prometheus))
	if err := write(filepath.Join(dir, "rules.yml"), rules(c.Scope)); err != nil {
		return err
	}
	if err := c.server(ctx, servers.Prometheus, servers.Options{Config: config}); err != nil {
		return err
	}
	c.Prometheus = c.other[len(c.other)-1].URL
	return nil
}

// job scrapes every node; it is called by where PostgreSQL listens, whoever
// gives its metrics, as exporters beside a server are.
func (c *Cluster) job(name string, target func(*Node) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "- job_name: %s\n  static_configs:\n", name)
	for i := range c.Node {
		n := &c.Node[i]
		fmt.Fprintf(&b, "  - {targets: ['%s'], labels: {instance: '%s', system: '%s'}}\n", target(n), n.SQL, c.Scope)
	}
	return b.String()
}

// rules are alerts on what Patroni and the exporters tell.
func rules(system string) string {
	var b strings.Builder
	b.WriteString("groups:\n- name: lab\n  rules:\n")
	for _, r := range []struct{ name, expr, hold, severity string }{
		{"PostgresNodeDown", `up{job="patroni"} == 0`, "3s", "critical"},
		{"PostgresReplicaLag", `patroni_xlog_paused == 1 or scalar(max(patroni_xlog_location)) - (patroni_xlog_replayed_location > 0) > 2e6`, "5s", "warning"},
		{"PostgresLockWaits", `sum by (instance, system) (pg_stat_activity_max_tx_duration{state="active"}) > 10`, "3s", "warning"},
	} {
		fmt.Fprintf(&b, "  - {alert: %s, expr: '%s', for: %s, labels: {severity: %s, system: '%s'}}\n", r.name, r.expr, r.hold, r.severity, system)
	}
	return b.String()
}

// hostPort splits an address that is known to be one.
func hostPort(addr string) (host, port string) {
	host, port, _ = net.SplitHostPort(addr)
	return host, port
}
