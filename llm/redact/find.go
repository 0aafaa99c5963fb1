package redact

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Kind is what was found.
type Kind string

// The kinds. A Secret never comes back; the others get names that stand for them.
const (
	Secret Kind = "secret"
	Mail   Kind = "mail"
	IP     Kind = "ip"
	Host   Kind = "host"
	Node   Kind = "node" // a name of the incident's own nodes
	Custom Kind = "name" // found by a rule of the user's
)

// stand is what stands for something else.
const stand Kind = "stand"

// found is a piece of a text, [from, to).
type found struct {
	from, to int
	kind     Kind
}

// finder finds what has a form. If the expression has a group, it is what is
// hidden, and the rest stays; ok may look closer at it.
type finder struct {
	kind Kind
	form *regexp.Regexp
	ok   func(text, piece string, to int) bool
}

// Secrets come first, longest forms before short ones: what one finder took is
// no other's. Forms of keys are those that their makers document.
var finders = []finder{
	{kind: Secret, form: regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)`)},
	{kind: Secret, form: regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?`)},                 // JSON web token
	{kind: Secret, form: regexp.MustCompile(`\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b`)},                                        // AWS
	{kind: Secret, form: regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[\w-]{16,})`)}, // GitHub, GitLab
	{kind: Secret, form: regexp.MustCompile(`\bxox[abeoprs]-[A-Za-z0-9-]{10,}`)},                                               // Slack
	{kind: Secret, form: regexp.MustCompile(`\b(?:sk|pk|rk)[-_](?:[a-z0-9]+[-_])*[A-Za-z0-9]{16,}`)},                           // OpenAI, Anthropic, Stripe
	{kind: Secret, form: regexp.MustCompile(`\bAIza[\w-]{30,}`)},                                                               // Google
	{kind: Secret, form: regexp.MustCompile(`\b(?:LTAI|AKID)[A-Za-z0-9]{12,}\b`)},                                              // Alibaba, Tencent
	{kind: Secret, form: regexp.MustCompile(`\bhvs\.[\w-]{20,}`)},                                                              // Vault
	{kind: Secret, form: regexp.MustCompile(`(?i)\b(?:bearer|basic|apikey|digest)\s+([\w+/.~-]{8,}=*)`)},
	{kind: Secret, form: regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s/@:'"]*:([^\s/@'"]+)@`)}, // scheme://user:password@
	{kind: Secret, form: regexp.MustCompile(
		`(?i)(?:pass(?:word|wd|phrase)?|pwd|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret|auth(?:orization)?|session[_-]?id|cookie|密码|口令|密钥)` +
			`["']?\s*(?:(?:[:：]|\bis\b|=>)\s*("[^"\n]{1,400}"|'[^'\n]{1,400}'|[^\s,;"')}\]]{3,})|` +
			`=\s*("[^"\n]{1,400}"|'[^'\n]{1,400}'|[^\s,;&"')}\]]{3,}))`,
	), ok: noWord},
	{kind: Secret, form: regexp.MustCompile(`[A-Za-z0-9+/_-]{32,}={0,2}`), ok: random},
	{kind: Mail, form: regexp.MustCompile(`[\w.+%-]+@[\w-]+(?:\.[\w-]+)+`)},
	{kind: IP, form: regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b`), ok: address},
	{kind: IP, form: regexp.MustCompile(`(?i)(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?:\.\d+\.\d+\.\d+)?`), ok: address},
	{kind: Host, form: regexp.MustCompile(`[a-z][a-z0-9+.-]*://(?:[^\s/@]*@)?([A-Za-z0-9][\w.-]*[A-Za-z0-9])`)},
	{kind: Host, form: regexp.MustCompile(`(?i)\b[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\.(?:local|localdomain|internal|intranet|corp|lan|home|svc|com|net|org|io|cn|dev|cloud|example|test)\b`), ok: host},
}

// noWord passes over values that say that there is no secret, or that it was
// taken out already.
func noWord(_, piece string, _ int) bool {
	v := strings.ToLower(strings.Trim(piece, `"'`))
	switch v {
	case "true", "false", "null", "nil", "none", "required", "missing", "invalid", "expired", "wrong", "failed", "<redacted>", "redacted":
		return false
	}
	return strings.Trim(v, "*x") != ""
}

// random tells keys from long words and paths: letters of both cases and
// digits, or only the digits of hexadecimal numbers.
func random(_, piece string, _ int) bool {
	var upper, lower, digit, hex, other int
	for _, c := range []byte(piece) {
		switch {
		case c >= '0' && c <= '9':
			digit++
			hex++
		case c >= 'a' && c <= 'f':
			lower++
			hex++
		case c >= 'A' && c <= 'F':
			upper++
			hex++
		case c >= 'a' && c <= 'z':
			lower++
		case c >= 'A' && c <= 'Z':
			upper++
		default:
			other++
		}
	}
	if hex == len(piece) {
		return digit > 3 && digit < len(piece)
	}
	return other*8 <= len(piece) && upper > 2 && lower > 2 && digit*12 >= len(piece)
}

func address(text, piece string, to int) bool {
	ip, err := netip.ParseAddr(piece)
	if err != nil {
		return false
	}
	if ip.Is6() { // 12:30:45 is a time, :: is often a separator
		return strings.Count(piece, ":") > 2 && ip != netip.IPv6Unspecified()
	}
	return to >= len(text) || text[to] != '.' // 1.2.3.4.5 is a version
}

// host passes over names of files and classes.
func host(text, piece string, to int) bool {
	if to < len(text) && (text[to] == '.' && to+1 < len(text) && isName(text[to+1]) || text[to] == '(' || text[to] == '$') {
		return false
	}
	return !strings.HasPrefix(piece, "com.") && !strings.HasPrefix(piece, "org.") && !strings.HasPrefix(piece, "io.")
}

// apart reports whether text[from:to] is no part of a longer word.
func apart(text string, from, to int) bool {
	return (from == 0 || !isName(text[from-1])) && (to == len(text) || !isName(text[to]))
}

func isName(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' }

// find lists what is to be hidden in a text, in order and without overlaps: what
// an earlier finder took is no later one's. What stands for something already
// stays.
func (v *Veil) find(text string) []found {
	var out []found
	for _, at := range stands.FindAllStringIndex(text, -1) {
		if s := text[at[0]:at[1]]; s == hiddenSecret || v.real[s] != "" {
			out = append(out, found{at[0], at[1], stand})
		}
	}
	free := func(from, to int) bool {
		return !slices.ContainsFunc(out, func(f found) bool { return from < f.to && f.from < to })
	}
	for _, f := range v.r.finders {
		if f.kind == Mail { // names of the incident come after secrets, and before all that may hold them
			for _, n := range v.names.in(text) {
				if free(n.from, n.to) {
					out = append(out, n)
				}
			}
		}
		for _, at := range f.form.FindAllStringSubmatchIndex(text, -1) {
			from, to := at[0], at[1]
			for g := 2; g < len(at); g += 2 {
				if at[g] >= 0 {
					from, to = at[g], at[g+1]
					break
				}
			}
			if from < to && free(from, to) && (f.kind == Secret || f.kind == Custom || apart(text, from, to)) && (f.ok == nil || f.ok(text, text[from:to], to)) {
				out = append(out, found{from, to, f.kind})
			}
		}
	}
	out = slices.DeleteFunc(out, func(f found) bool { return f.kind == stand })
	slices.SortFunc(out, func(a, b found) int { return a.from - b.from })
	return out
}
