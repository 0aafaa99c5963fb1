package postgresql_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"triagent/connectors/postgresql"
)

// TestPage decodes the settings that the page about this source shows, strictly.
func TestPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "connectors", "postgresql.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```yaml\n")
	text, _, _ = strings.Cut(text, "```")
	var all struct {
		Systems []struct {
			Name, Kind string
			Sources    []struct {
				Kind              string `yaml:"kind"`
				postgresql.Config `yaml:",inline"`
			}
		}
	}
	if err := yaml.UnmarshalWithOptions([]byte(text), &all, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	c := all.Systems[0].Sources[0].Config
	if len(c.Hosts) != 3 || len(c.Patroni.URLs) != 3 || c.TLS.CA != "ca.pem" || c.Statements != 20 || c.LockTimeout.Milliseconds() != 500 {
		t.Errorf("settings %+v", c)
	}
	c.TLS.Mode = "verify" // the page shows every key at once
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}
