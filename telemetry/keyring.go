package telemetry

import "bytes"

// keyring remembers how the keys of an object were written, by their place in
// it, with all that stands between the value before and the value after: most
// objects of a file are alike, and comparing is quicker than parsing.
type keyring [16][4]struct {
	raw []byte
	key string
}

// next goes to the value of the key at place n of the open object, as
// cursor.more and cursor.key do. ok is false at its end.
func (k *keyring) next(c *cursor, n int) (key string, ok bool) {
	if n < len(k) {
		for i := range k[n] {
			e := &k[n][i]
			if e.raw == nil {
				break
			}
			if bytes.HasPrefix(c.data[c.pos:], e.raw) {
				c.pos += len(e.raw)
				c.first = false
				return e.key, true
			}
		}
	}
	from := c.pos
	if !c.more('}') {
		return "", false
	}
	key = string(c.key())
	c.ws()
	if c.err != nil || n >= len(k) || c.pos-from > maxInternedLen {
		return key, c.err == nil
	}
	for i := range k[n] {
		if k[n][i].raw == nil {
			k[n][i].raw, k[n][i].key = bytes.Clone(c.data[from:c.pos]), key
			break
		}
	}
	return key, true
}
