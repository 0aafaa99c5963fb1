package servers

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"triagent/lab/process"
)

// built is a program that is built by the Go tool.
func built(name, module, version, pkg string, replaced ...string) func(context.Context, *Options) (programs, error) {
	return func(ctx context.Context, _ *Options) (programs, error) {
		path, err := goBuild(ctx, name+"-"+version, module, version, pkg, replaced...)
		return programs{name: path}, err
	}
}

// loki is one process that does everything. Its licence is the AGPL.
var loki = recipe{
	slow: true, ports: []string{"http", "grpc"}, within: 3 * time.Minute, ready: answers("/ready"),
	get: built("loki", "github.com/grafana/loki/v3", "v3.7.8", "github.com/grafana/loki/v3/cmd/loki",
		"github.com/Azure/azure-sdk-for-go=github.com/Azure/azure-sdk-for-go@v68.0.0+incompatible",
		"github.com/Azure/azure-storage-blob-go=github.com/MasslessParticle/azure-storage-blob-go@v0.14.1-0.20240322194317-344980fda573",
		"github.com/gocql/gocql=github.com/grafana/gocql@v0.0.0-20200605141915-ba5dc39ece85",
		"github.com/hashicorp/memberlist=github.com/grafana/memberlist@v0.3.1-0.20251126142931-6f9f62ab6f86",
		"github.com/grafana/regexp=github.com/grafana/regexp@v0.0.0-20240518133315-a468a5bfb3bc",
		"github.com/influxdata/go-syslog/v3=github.com/leodido/go-syslog/v4@v4.3.0",
		"github.com/thanos-io/objstore=github.com/grafana/objstore@v0.0.0-20250728171719-b5d3b766d1b0"),
	prepare: func(_ context.Context, s *Server, _ programs) error {
		return s.config("loki.yml", fmt.Sprintf(`auth_enabled: false
server: {http_listen_address: 127.0.0.1, http_listen_port: %d, grpc_listen_address: 127.0.0.1, grpc_listen_port: %d, log_level: warn}
common:
  instance_addr: 127.0.0.1
  path_prefix: %[3]s/data
  replication_factor: 1
  ring: {kvstore: {store: inmemory}}
  storage: {filesystem: {chunks_directory: %[3]s/data/chunks, rules_directory: %[3]s/data/rules}}
schema_config:
  configs: [{from: 2024-01-01, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: index_, period: 24h}}]
limits_config:
  reject_old_samples: false
  ingestion_rate_mb: 100
  ingestion_burst_size_mb: 200
  per_stream_rate_limit: 100MB
  per_stream_rate_limit_burst: 200MB
analytics: {reporting_enabled: false}
`, s.Ports["http"], s.Ports["grpc"], s.Dir))
	},
	commands: func(s *Server, p programs) []process.Command {
		return []process.Command{{Name: "loki", Path: p["loki"], Args: append([]string{"-config.file=" + filepath.Join(s.Dir, "loki.yml")}, s.o.Args...)}}
	},
}

// jaeger keeps its traces in memory. OTLP goes to ports "otlp" (HTTP) and
// "otlp-grpc"; URL is that of its queries.
var jaeger = recipe{
	slow: true, ports: []string{"http", "otlp", "otlp-grpc", "admin", "grpc", "collector"}, within: time.Minute,
	get: built("jaeger", "github.com/jaegertracing/jaeger", "v1.65.0", "github.com/jaegertracing/jaeger/cmd/all-in-one"),
	ready: func(ctx context.Context, s *Server) error {
		admin := *s
		admin.URL = "http://" + s.Addr("admin")
		return answers("/")(ctx, &admin)
	},
	commands: func(s *Server, p programs) []process.Command {
		return []process.Command{{Name: "jaeger", Path: p["jaeger"], Env: []string{"SPAN_STORAGE_TYPE=memory"}, Args: append([]string{
			"--query.http-server.host-port=" + s.Addr("http"), "--query.grpc-server.host-port=" + s.Addr("grpc"),
			"--collector.otlp.http.host-port=" + s.Addr("otlp"), "--collector.otlp.grpc.host-port=" + s.Addr("otlp-grpc"),
			"--collector.http-server.host-port=" + s.Addr("collector"), "--collector.grpc-server.host-port=127.0.0.1:0",
			"--admin.http.host-port=" + s.Addr("admin"),
		}, s.o.Args...)}}
	},
}

// The keys of MinIO.
const (
	MinIOUser   = "triagent"
	MinIOSecret = "triagent-secret"
)

// minio keeps objects in its folder. Its licence is the AGPL.
var minio = recipe{
	slow: true, ports: []string{"http", "console"}, within: time.Minute, ready: answers("/minio/health/live"),
	get: built("minio", "github.com/minio/minio", "v0.0.0-20260212201848-7aac2a2c5b7c", "github.com/minio/minio"),
	commands: func(s *Server, p programs) []process.Command {
		return []process.Command{{
			Name: "minio", Path: p["minio"], Env: []string{"MINIO_ROOT_USER=" + MinIOUser, "MINIO_ROOT_PASSWORD=" + MinIOSecret},
			Args: append([]string{"server", filepath.Join(s.Dir, "data"), "--address", s.Addr("http"), "--console-address", s.Addr("console")}, s.o.Args...),
		}}
	},
}
