package telemetry

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"triagent/incident"
	"triagent/internal/errs"
)

// parts sorts the members of a bundle by what they hold. Values are member
// names; "" means that there is no such part.
type parts struct {
	incident, topology, spans, changes, alerts, collected, truth string
	metrics, logs                                                []part // by node, ascending
	strange                                                      []string
}

// part is the file of one node.
type part struct {
	node incident.NodeID
	name string
}

// sortParts says what each name is. base is put before names in errors. Two
// names for one part are an error.
func sortParts(base string, names []string) (*parts, error) {
	p := new(parts)
	for _, name := range names {
		if err := p.add(base, name); err != nil {
			return nil, err
		}
	}
	for _, list := range []struct {
		what  string
		parts []part
	}{{"metric", p.metrics}, {"log", p.logs}} {
		slices.SortStableFunc(list.parts, func(a, b part) int { return strings.Compare(string(a.node), string(b.node)) })
		for i := 1; i < len(list.parts); i++ {
			if a, b := list.parts[i-1], list.parts[i]; a.node == b.node {
				return nil, twice(base, a.name, b.name, "two "+list.what+" files for node "+string(a.node))
			}
		}
	}
	slices.Sort(p.strange)
	return p, nil
}

func twice(base, a, b, what string) error {
	e := errs.At(join(base, b), 0, 0, "%s: %s and %s", what, a, b)
	e.Remedy = "keep one of them"
	return e
}

func (p *parts) add(base, name string) error {
	dir, file := path.Split(name)
	stem, kind := splitKind(file)
	var slot *string
	switch {
	case dir == "metrics/" && kind == ".csv" && stem != "":
		p.metrics = append(p.metrics, part{nodeOfFile(stem), name})
		return nil
	case dir == "logs/" && (kind == ".log" || kind == ".jsonl") && stem != "":
		p.logs = append(p.logs, part{nodeOfFile(stem), name})
		return nil
	case dir == "metrics/" || dir == "logs/":
		p.strange = append(p.strange, name)
		return nil
	case dir != "":
		return nil
	}
	switch stem + kind {
	case "incident.json":
		slot = &p.incident
	case "topology.json":
		slot = &p.topology
	case "traces.jsonl", "traces.csv":
		slot = &p.spans
	case "events.jsonl":
		slot = &p.changes
	case "alerts.jsonl":
		slot = &p.alerts
	case "collected.jsonl":
		slot = &p.collected
	case "truth.json":
		slot = &p.truth
	default:
		return nil
	}
	if *slot != "" {
		return twice(base, *slot, name, "two files for one part")
	}
	*slot = name
	return nil
}

// splitKind splits a file name into its stem and its extension, that of a
// compression left out.
func splitKind(file string) (stem, kind string) {
	file = strings.TrimSuffix(strings.TrimSuffix(file, ".gz"), ".zst")
	kind = path.Ext(file)
	return strings.TrimSuffix(file, kind), kind
}

// nodeOfFile gives the node that a file stem names. What a file name cannot
// hold is escaped as in a URL; a stem that is no such escape is taken as it is.
func nodeOfFile(stem string) incident.NodeID {
	if node, err := url.PathUnescape(stem); err == nil && fileOfNode(incident.NodeID(node)) == stem {
		return incident.NodeID(node)
	}
	return incident.NodeID(stem)
}

// fileOfNode gives the file stem for a node: its ID with control characters,
// "%", "/", "\" and a leading dot written as %XX.
func fileOfNode(node incident.NodeID) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(node) {
		if c := node[i]; c < ' ' || c == 0x7f || strings.IndexByte(`%/\`, c) >= 0 || (c == '.' && i == 0) {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// join names a member of a bundle for a reader of an error.
func join(base, name string) string {
	if name == "" {
		return base
	}
	return strings.TrimSuffix(base, "/") + "/" + name
}

// cleanMember gives the canonical form of an archive member's name, "" for the
// top folder itself. A name that is absolute, leaves the folder or is no text
// is refused.
func cleanMember(base, name string) (string, error) {
	bad := name == "" || !utf8.ValidString(name) || strings.ContainsAny(name, "\\\x00") ||
		strings.HasPrefix(name, "/") || (len(name) > 1 && name[1] == ':') ||
		slices.Contains(strings.Split(name, "/"), "..")
	if bad {
		return "", errs.At(base, 0, 0, "member %q leaves the bundle or is no valid name", name)
	}
	if name = path.Clean(name); name == "." {
		return "", nil
	}
	return name, nil
}

// clutter reports whether a member was left behind by a file manager.
func clutter(name string) bool {
	file := path.Base(name)
	return strings.HasPrefix(file, "._") || file == ".DS_Store" || strings.HasPrefix(name, "__MACOSX/")
}

// topFolder returns the folder, with a slash at its end, that holds the bundle
// within an archive: "" for the root, or one folder below it.
func topFolder(base string, names []string) (string, error) {
	var found []string
	for _, name := range names {
		dir, file := path.Split(name)
		if stem, kind := splitKind(file); stem+kind == "incident.json" && strings.Count(dir, "/") <= 1 {
			if dir == "" {
				return "", nil
			}
			if !slices.Contains(found, dir) {
				found = append(found, dir)
			}
		}
	}
	if len(found) > 1 {
		e := errs.At(base, 0, 0, "the archive holds several bundles: %s and %s", found[0], found[1])
		e.Remedy = "give one archive for each bundle"
		return "", e
	}
	if len(found) == 0 {
		return "", nil
	}
	return found[0], nil
}
