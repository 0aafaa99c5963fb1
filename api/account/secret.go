package account

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// TokenPrefix begins every API token, so that leaked ones can be searched for.
const TokenPrefix = "tri_"

// secretBytes is the entropy of cookies, tokens and links.
const secretBytes = 32

var strict64 = base64.RawURLEncoding.Strict()

// newSecret returns 43 characters of base64url that hold 256 random bits.
func newSecret() string {
	var b [secretBytes]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return strict64.EncodeToString(b[:])
}

// newID returns an identifier of 16 characters after a prefix.
func newID(prefix string) string {
	return prefix + strings.ToLower(rand.Text()[:16])
}

// validSecret reports whether s has the form of newSecret's result.
func validSecret(s string) bool {
	if len(s) != strict64.EncodedLen(secretBytes) || strings.ContainsAny(s, "\r\n") {
		return false
	}
	_, err := strict64.DecodeString(s)
	return err == nil
}

// hashOf is what is stored of a secret: hex SHA-256. No salt is needed: a
// secret has 256 random bits.
func hashOf(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}

// parseToken returns the stored hash of an API token, and false for what has
// not the form of one.
func parseToken(s string) (hash string, ok bool) {
	rest, ok := strings.CutPrefix(s, TokenPrefix)
	if !ok || !validSecret(rest) {
		return "", false
	}
	return hashOf(s), true
}

// same compares secrets without telling by its time where they differ.
func same(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
