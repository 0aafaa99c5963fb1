package account

import (
	"errors"
	"net"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/oauth2"
)

// claimAt finds a claim by its name, or by the names on the way to it with dots
// between them. A name that has dots itself is found first.
func claimAt(claims map[string]any, path string) (any, bool) {
	if path == "" {
		return nil, false
	}
	if v, ok := claims[path]; ok {
		return v, true
	}
	first, rest, more := strings.Cut(path, ".")
	inner, ok := claims[first].(map[string]any)
	if !more || !ok {
		return nil, false
	}
	return claimAt(inner, rest)
}

// texts are the strings of a claim that is one, or a list of them.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// nameFrom makes a log-in name of the first candidate that allows one.
func nameFrom(candidates ...string) string {
	for _, c := range candidates {
		name := strings.Map(func(r rune) rune {
			if r < utf8.RuneSelf && namePattern().MatchString("a"+string(r)) {
				return r
			}
			return '-'
		}, foldName(c))
		name = strings.Trim(short(name, 50), "-._@+")
		if namePattern().MatchString(name) {
			return name
		}
	}
	return "user"
}

// short cuts text to a number of characters.
func short(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n])
}

// asNet reports whether the network is what failed.
func asNet(err error, target *net.Error) bool {
	var answer *oauth2.RetrieveError
	return !errors.As(err, &answer) && errors.As(err, target)
}

// redacted drops from an error what may hold a code or a token: the body that a
// provider answered, and the query of a URL.
func redacted(err error) error {
	var answer *oauth2.RetrieveError
	if errors.As(err, &answer) {
		code := "error"
		if answer.ErrorCode != "" {
			code = plain(answer.ErrorCode, 64)
		}
		return errors.New("the provider refuses: " + code)
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
