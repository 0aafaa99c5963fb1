package cluster

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

//go:embed conf
var conf embed.FS

// nodeConf is what the configuration of a node is made of.
type nodeConf struct {
	Node
	Seed   string
	Copies int // replicas of a region
	Groups int // data regions of a database: each DataNode leads one
}

// opened are the packages of the JDK that IoTDB wants opened.
var opened = []string{"java.util.concurrent", "java.lang", "java.util", "java.nio", "java.io", "java.net"}

// configure writes a node's files and returns how it is started.
func (p *Plan) configure(n Node, jars string) (program, error) {
	kind, main, heap, direct := "confignode", "org.apache.iotdb.confignode.service.ConfigNode", p.ConfigHeap, "64m"
	if n.Data {
		kind, main, heap, direct = "datanode", "org.apache.iotdb.db.service.DataNode", p.DataHeap, "320m"
	}
	for _, sub := range []string{"conf", "logs"} {
		if err := os.MkdirAll(filepath.Join(n.Dir, sub), 0o755); err != nil {
			return program{}, err
		}
	}
	seed := p.Nodes()[0]
	c := nodeConf{Node: n, Seed: seed.At(seed.Internal()), Copies: min(p.DataNodes, 3), Groups: p.DataNodes}
	if err := render(kind+".properties", filepath.Join(n.Dir, "conf", "iotdb-system.properties"), &c); err != nil {
		return program{}, err
	}
	logback, err := conf.ReadFile("conf/logback.xml") // its ${} are logback's
	if err != nil {
		return program{}, err
	}
	if err := os.WriteFile(filepath.Join(n.Dir, "conf", "logback.xml"), logback, 0o600); err != nil {
		return program{}, err
	}
	var args []string
	for _, o := range opened {
		args = append(args, "--add-opens=java.base/"+o+"=ALL-UNNAMED")
	}
	h := n.Dir
	for _, k := range []string{"IOTDB", "CONFIGNODE"} {
		args = append(args, "-D"+k+"_HOME="+h, "-D"+k+"_DATA_HOME="+h, "-D"+k+"_CONF="+h+"/conf")
	}
	args = append(args, "-DTSFILE_HOME="+h, "-DTSFILE_CONF="+h+"/conf", "-DIOTDB_LOG_DIR="+h+"/logs", "-DLAB_KIND="+kind,
		"-Dlogback.configurationFile="+h+"/conf/logback.xml", "-Dname=iotdb.IoTDB", "-Diotdb.jmx.local=true",
		"-Xms"+heap, "-Xmx"+heap, "-XX:MaxDirectMemorySize="+direct, "-Djdk.nio.maxCachedBufferSize=262144",
		"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss512k", "-cp", jars+"/*", main, "-s")
	return program{name: n.Name, dir: n.Dir, path: "java", args: args}, nil
}

// monitorConf is what the configuration of Prometheus and Alertmanager is made of.
type monitorConf struct {
	Every        string
	Alertmanager string // empty: none
	Webhook      string
	TokenFile    string   // empty: none is shown
	Config, Data []string // what is scraped
}

// monitors writes the files of Prometheus and, if there is a webhook,
// Alertmanager and returns how they are started.
func (p *Plan) monitors() ([]program, error) {
	c := monitorConf{Every: fmt.Sprintf("%dms", p.Scrape/time.Millisecond), Webhook: p.Webhook, TokenFile: p.TokenFile}
	for _, n := range p.Nodes() {
		if n.Data {
			c.Data = append(c.Data, n.At(n.Metrics()))
		} else {
			c.Config = append(c.Config, n.At(n.Metrics()))
		}
	}
	prom := program{name: "prometheus", dir: filepath.Join(p.Dir, "prometheus"), path: "prometheus", args: []string{
		"--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address=" + p.Prometheus(), "--log.level=warn",
	}}
	list := []program{prom}
	files := map[string][]string{"prometheus": {"prometheus.yml"}}
	if p.Webhook != "" {
		c.Alertmanager = p.Alertmanager()
		list = append(list, program{name: "alertmanager", dir: filepath.Join(p.Dir, "alertmanager"), path: "prometheus-alertmanager", args: []string{
			"--config.file=alertmanager.yml", "--storage.path=data", "--web.listen-address=" + p.Alertmanager(), "--cluster.listen-address=",
		}})
		files["alertmanager"] = []string{"alertmanager.yml"}
	}
	for _, g := range list {
		if err := os.MkdirAll(g.dir, 0o755); err != nil {
			return nil, err
		}
		for _, f := range files[g.name] {
			if err := render(f, filepath.Join(g.dir, f), &c); err != nil {
				return nil, err
			}
		}
	}
	rules, err := conf.ReadFile("conf/rules.yml") // its {{}} are Prometheus's
	if err != nil {
		return nil, err
	}
	return list, os.WriteFile(filepath.Join(prom.dir, "rules.yml"), rules, 0o600)
}

// render fills a template of conf in and writes it.
func render(name, to string, with any) error {
	t, err := template.ParseFS(conf, "conf/"+name)
	if err != nil {
		return err
	}
	var b strings.Builder
	if err := t.Execute(&b, with); err != nil {
		return err
	}
	return os.WriteFile(to, []byte(b.String()), 0o600)
}
