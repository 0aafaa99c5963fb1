package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"triagent/internal/errs"
)

// Version is the version of IoTDB whose artifacts are all to be had.
const Version = "2.0.1-beta"

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>triagent.lab</groupId><artifactId>iotdb</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
<dependency><groupId>org.apache.iotdb</groupId><artifactId>iotdb-server</artifactId><version>` + Version + `</version></dependency>
<dependency><groupId>org.apache.iotdb</groupId><artifactId>iotdb-confignode</artifactId><version>` + Version + `</version></dependency>
</dependencies></project>
`

// Jars returns the folder with IoTDB's jars in the user's cache. They are
// fetched with Maven if they are not there, which takes a minute and 105 MB.
func Jars(ctx context.Context) (string, error) {
	lib, err := jarsAt()
	if err != nil || Installed() {
		return lib, err
	}
	if _, err := exec.LookPath("mvn"); err != nil {
		return "", &errs.Error{Kind: errs.NotFound, Err: errors.New("mvn is not there to fetch IoTDB's jars"), Remedy: "install Maven (Debian: maven)"}
	}
	dir := filepath.Dir(lib)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(dir, "fetch-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	if err := os.WriteFile(filepath.Join(tmp, "pom.xml"), []byte(pom), 0o600); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "mvn", "-B", "-q", "dependency:copy-dependencies", "-DoutputDirectory=lib", "-DincludeScope=runtime")
	cmd.Dir = tmp
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", &errs.Error{Op: "mvn", Kind: errs.Unavailable, Err: fmt.Errorf("%w: %s", err, tail(out, 600))}
	}
	// A whole folder or none: whoever comes second loses the race and is served.
	if err := os.Rename(filepath.Join(tmp, "lib"), lib); err != nil && !Installed() {
		return "", err
	}
	return lib, nil
}

// Installed reports whether the jars are in the cache and Java is there.
func Installed() bool {
	lib, err := jarsAt()
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join(lib, "iotdb-server-"+Version+".jar"))
	_, noJava := exec.LookPath("java")
	return err == nil && noJava == nil
}

func jarsAt() (string, error) {
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "triagent", "lab", "iotdb-"+Version, "lib"), err
}

// tail is the end of what a program said.
func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }
