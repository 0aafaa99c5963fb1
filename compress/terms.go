package compress

import "strings"

// terms are names of the trade that end in or hold digits.
var terms = set(`utf8 UTF8 UTF-8 utf-8 UTF-16 utf16 md5 MD5 sha1 SHA1 SHA-1 sha256 SHA256 SHA-256 sha512 SHA512
	x86 x64 x86_64 amd64 i386 i686 arm64 ipv4 ipv6 IPv4 IPv6 http2 HTTP2 h2 s3 S3 ec2 EC2 k8s oauth2 OAuth2
	base64 Base64 int8 int16 int32 int64 INT32 INT64 uint32 uint64 float32 float64 ssh2 SSH2 tls1 ext2 ext3 ext4
	Win32 win32 mp3 mp4 h264 lz4 LZ4 bzip2 log4j L1 L2 L3`)

// termForms are the terms with 0 for each digit.
var termForms = func() map[string]bool {
	m := map[string]bool{}
	for t := range terms {
		m[strings.Map(func(c rune) rune {
			if c >= '0' && c <= '9' {
				return '0'
			}
			return c
		}, t)] = true
	}
	return m
}()

const maxTerm = 8 // bytes of the longest

// known reports whether text is a term.
func known(text []byte) bool { return len(text) <= maxTerm && terms[string(text)] }

// nearlyKnown reports whether text would be a term if its digits were others.
func nearlyKnown(text []byte) bool {
	if len(text) > maxTerm {
		return false
	}
	var form [maxTerm]byte
	for i, c := range text {
		form[i] = c
		if c-'0' <= 9 {
			form[i] = '0'
		}
	}
	return termForms[string(form[:len(text)])]
}
