package store

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"reflect"
	"sync"

	"github.com/klauspost/compress/zstd"

	"triagent/incident"
)

// Diagnoses and traces are kept as gob of the nouns of package incident,
// compressed by zstd: neutral of language, exact in times and numbers, NaN
// included. The names below are part of the format.
func init() {
	for _, e := range incident.Events() {
		gob.RegisterName(reflect.TypeOf(e).Name(), e)
	}
}

// maxUnpacked bounds what a stored value may unpack to, in bytes.
const maxUnpacked = 64 << 20

var packer = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
})

var unpacker = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxUnpacked))
})

// pack makes the stored form of v.
func pack(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	if b.Len() > maxUnpacked {
		return nil, fmt.Errorf("encode: %d bytes are more than the %d that may be kept", b.Len(), maxUnpacked)
	}
	z, err := packer()
	if err != nil {
		return nil, err
	}
	return z.EncodeAll(b.Bytes(), nil), nil
}

// unpack reads what pack made into v.
func unpack(b []byte, v any) error {
	z, err := unpacker()
	if err != nil {
		return err
	}
	raw, err := z.DecodeAll(b, nil)
	if err != nil {
		return fmt.Errorf("decompress: %w", err)
	}
	if err := gob.NewDecoder(bytes.NewReader(raw)).Decode(v); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
}
