package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"triagent/internal/errs"
)

// The headers that carry a signature.
const (
	SignatureHeader = "X-Triagent-Signature" // t=UNIX,v1=HEX of HMAC-SHA256 over "UNIX.BODY"; v1 may come several times
	GitHubHeader    = "X-Hub-Signature-256"  // sha256=HEX of HMAC-SHA256 over the body
)

// MaxAge is how far a signature's time may be from now, either way.
const MaxAge = 5 * time.Minute

// Verify reports whether the message is signed by the sender. Without a
// signature it is not, which is no error. A signature that is wrong, old or
// that nothing can check is an error of kind errs.Denied. The form of GitHub
// has no time, so that it can be sent again by who overheard it: an alert that
// is repeated changes nothing but its count.
func (g *Generic) Verify(header http.Header, body []byte, now time.Time) (signed bool, err error) {
	own, github := header.Get(SignatureHeader), header.Get(GitHubHeader)
	switch {
	case own == "" && github == "":
		return false, nil
	case len(g.secret) == 0:
		return false, &errs.Error{
			Kind: errs.Denied, Remedy: "set its secret, or send a token with scope hooks",
			Err: errs.New(errs.Denied, "the message is signed, but no secret is configured for %s", g.source),
		}
	case own != "":
		err = g.checkOwn(own, body, now)
	default:
		err = g.checkGitHub(github, body)
	}
	return err == nil, err
}

func (g *Generic) checkOwn(value string, body []byte, now time.Time) error {
	var stamp string
	var sums []string
	for part := range strings.SplitSeq(value, ",") {
		key, val, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "t":
			stamp = val
		case "v1":
			sums = append(sums, val)
		}
	}
	sec, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errs.New(errs.Denied, "%s has no time t=UNIX", SignatureHeader)
	}
	if age := now.Sub(time.Unix(sec, 0)); age.Abs() > MaxAge {
		return &errs.Error{
			Kind: errs.Denied, Remedy: "sign every message anew and set the sender's clock",
			Err: errs.New(errs.Denied, "the signature is more than %v away from now", MaxAge),
		}
	}
	want := Sign(g.secret, stamp+".", body)
	for _, sum := range sums {
		if equal(sum, want) {
			return nil
		}
	}
	return errs.New(errs.Denied, "the signature in %s does not fit the body", SignatureHeader)
}

func (g *Generic) checkGitHub(value string, body []byte) error {
	sum, ok := strings.CutPrefix(value, "sha256=")
	if !ok || !equal(sum, Sign(g.secret, "", body)) {
		return errs.New(errs.Denied, "the signature in %s does not fit the body", GitHubHeader)
	}
	return nil
}

// Sign returns the HMAC-SHA256 of prefix and body in small hex digits. The
// prefix is "UNIX." in the form of SignatureHeader, empty in that of GitHub.
func Sign(secret []byte, prefix string, body []byte) string {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(prefix))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

// equal compares in a time that tells nothing.
func equal(got, want string) bool {
	return hmac.Equal([]byte(strings.ToLower(got)), []byte(want))
}
