package servers

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Cache is the folder of what was built and fetched: TRIAGENT_SERVERS, or
// triagent/servers in the user's cache. Root's cache is nobody's to read, and
// servers that refuse root run as nobody, so that root has it in /var/cache.
func Cache() (string, error) {
	if dir := os.Getenv("TRIAGENT_SERVERS"); dir != "" {
		return filepath.Abs(dir)
	}
	if os.Getuid() == 0 {
		return "/var/cache/triagent/servers", nil
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "triagent", "servers"), err
}

// Builds take minutes, and fetching waits for no build.
const (
	building = ".lock-build"
	fetching = ".lock-fetch"
)

// locked does what has to be done where want is not there yet, one process at a
// time for each lock, and returns the path of want in the cache.
func locked(ctx context.Context, how, want string, do func(ctx context.Context, cache string) error) (string, error) {
	cache, err := Cache()
	if err != nil {
		return "", lacks("no folder for it: %w", err)
	}
	path := filepath.Join(cache, want)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil { //nolint:gosec // user nobody reads it
		return "", lacks("no folder for it: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(cache, how), os.O_CREATE|os.O_RDWR, 0o644) //nolint:gosec // holds nothing
	if err != nil {
		return "", lacks("no lock for it: %w", err)
	}
	defer func() { _ = lock.Close() }() // and lets go
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err == nil { // somebody else was faster
		return path, nil
	}
	if err := do(ctx, cache); err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", lacks("it was fetched, and %s is not in it", want)
	}
	return path, nil
}

// run runs a program to its end, gently, in a folder. Its last words are in the
// error.
func run(ctx context.Context, dir string, env []string, name string, args ...string) error {
	if nice, err := exec.LookPath("nice"); err == nil {
		args, name = append([]string{"-n", "10", name}, args...), nice
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, out[max(0, len(out)-600):])
	}
	return nil
}

// debian finds a program, and installs its package of Debian where this process
// is root's and may.
func debian(ctx context.Context, program, pkg string) (string, error) {
	find := func() (string, error) {
		if path, err := exec.LookPath(program); err == nil {
			return path, nil
		}
		// PostgreSQL's are kept by version.
		all, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
		if err != nil || len(all) == 0 {
			return "", lacks("there is no %s: install the package %s", program, pkg)
		}
		return all[len(all)-1], nil
	}
	path, err := find()
	if err == nil || os.Getuid() != 0 {
		return path, err
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return "", lacks("there is no %s, and no apt-get to install it", program)
	}
	_, err = locked(ctx, fetching, "installed-"+pkg, func(ctx context.Context, cache string) error {
		env := []string{"DEBIAN_FRONTEND=noninteractive"}
		args := []string{"-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120", "install", pkg}
		if err := run(ctx, cache, env, "apt-get", args...); err != nil {
			// A machine that has never asked knows no packages.
			if err := errors.Join(run(ctx, cache, env, "apt-get", "-q", "update"), run(ctx, cache, env, "apt-get", args...)); err != nil {
				return lacks("%w", err)
			}
		}
		return os.WriteFile(filepath.Join(cache, "installed-"+pkg), nil, 0o644) //nolint:gosec // holds nothing
	})
	if err != nil {
		return "", err
	}
	return find()
}

// goBuild builds a program of a Go module, from source, into the cache. Modules
// that replace others say so for themselves only, so a module made for the
// purpose, never ours, requires it and repeats that. It takes one core.
func goBuild(ctx context.Context, name, module, version, pkg string, replaced ...string) (string, error) {
	return locked(ctx, building, filepath.Join("bin", name), func(ctx context.Context, cache string) error {
		dir := filepath.Join(cache, "build", name)
		for _, d := range []string{dir, filepath.Join(cache, "bin")} {
			if err := os.MkdirAll(d, 0o755); err != nil { //nolint:gosec // user nobody reads it
				return err
			}
		}
		mod := "module servers/" + name + "\n\ngo 1.26\n"
		for _, r := range replaced {
			from, to, _ := strings.Cut(r, "=")
			mod += "replace " + from + " => " + strings.Replace(to, "@", " ", 1) + "\n"
		}
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o644); err != nil { //nolint:gosec // holds no secret
			return err
		}
		env := []string{"GOFLAGS=-p=1 -mod=mod", "CGO_ENABLED=0", "GOWORK=off"}
		if err := run(ctx, dir, env, "go", "get", module+"@"+version); err != nil {
			return lacks("%w", err)
		}
		made := filepath.Join(dir, "made")
		if err := run(ctx, dir, env, "go", "build", "-ldflags=-s -w", "-o", made, pkg); err != nil {
			return lacks("%w", err)
		}
		return os.Rename(made, filepath.Join(cache, "bin", name))
	})
}

// maven fetches a zip by Maven, "group:artifact:version", and unpacks the folder
// it holds into the cache.
func maven(ctx context.Context, artifact, folder string) (string, error) {
	return locked(ctx, fetching, folder, func(ctx context.Context, cache string) error {
		if _, err := exec.LookPath("mvn"); err != nil {
			return lacks("there is no mvn to fetch %s", artifact)
		}
		dir, err := os.MkdirTemp(cache, "zip-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		err = run(ctx, dir, nil, "mvn", "-q", "-B", "dependency:copy", "-Dartifact="+artifact+":zip", "-DoutputDirectory="+dir)
		if err != nil {
			return lacks("%w", err)
		}
		zips, err := filepath.Glob(filepath.Join(dir, "*.zip"))
		if err != nil || len(zips) != 1 {
			return lacks("Maven gave %d files for %s", len(zips), artifact)
		}
		if err := unzip(zips[0], dir); err != nil {
			return lacks("unpack %s: %w", artifact, err)
		}
		return os.Rename(filepath.Join(dir, folder), filepath.Join(cache, folder))
	})
}

func unzip(file, dir string) error {
	z, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer func() { _ = z.Close() }()
	for _, f := range z.File {
		if !filepath.IsLocal(f.Name) {
			return fmt.Errorf("it holds %q", f.Name)
		}
		if err := unpack(f, filepath.Join(dir, f.Name)); err != nil {
			return err
		}
	}
	return nil
}

func unpack(f *zip.File, to string) error {
	if f.FileInfo().IsDir() {
		return os.MkdirAll(to, 0o755) //nolint:gosec // user nobody reads it
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // as above
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, f.Mode().Perm()|0o444)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in) //nolint:gosec // a published artifact with a checksum
	return errors.Join(err, out.Close())
}
