package connectors

import (
	"regexp"
	"strings"

	"triagent/internal/errs"
)

// CheckPattern says what is wrong with a setting that tells nodes by longer
// names, as paths: it is a regular expression with one capture, which is the
// node, or the name of the one node. An expression that captures nothing would
// be taken for a name that no node has. The empty one is right.
func CheckPattern(s string) error {
	re, err := regexp.Compile(s)
	switch {
	case err != nil:
		return errs.New(errs.Invalid, "%.200q is no regular expression, and no name", s)
	case re.NumSubexp() > 1:
		return errs.New(errs.Invalid, "%.200q has %d captures, and may have one: begin those that are not the node with (?:", s, re.NumSubexp())
	case re.NumSubexp() == 0 && strings.ContainsAny(s, `\*+?()[]{}|^$/`):
		return errs.New(errs.Invalid, "%.200q has no capture: put what names the node in brackets, as in '/iotdb/([^/]+)/logs/'; a name is plain text", s)
	}
	return nil
}
