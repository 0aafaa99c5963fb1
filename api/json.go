package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

var errNUL = errors.New("a text holds the character U+0000, which cannot be kept")

// formats are how bodies are read and written: JSON, and what calls itself so.
var formats = map[string]huma.Format{
	"application/json": {Marshal: encode, Unmarshal: decode},
	"json":             {Marshal: encode, Unmarshal: decode},
}

func encode(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// decode reads JSON without texts that no database takes.
func decode(b []byte, v any) error {
	if bytes.Contains(b, []byte(`\u0000`)) {
		var all any
		if err := json.Unmarshal(b, &all); err != nil {
			return err
		}
		if holdsNUL(all) {
			return errNUL
		}
	}
	return json.Unmarshal(b, v)
}

func holdsNUL(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		for _, e := range v {
			if holdsNUL(e) {
				return true
			}
		}
	case map[string]any:
		for k, e := range v {
			if strings.ContainsRune(k, 0) || holdsNUL(e) {
				return true
			}
		}
	}
	return false
}
