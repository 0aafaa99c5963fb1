#!/bin/sh
# The whole REST service against what it says of itself: schemathesis makes
# requests from /api/v1/openapi.json, good ones and bad ones, and every answer is
# held against the document. There must be no status 5xx, no status or content
# type that an operation does not declare, and no answer or header that is not as
# its schema says. Once with an API token that may do everything, once with one
# that may only read, and what belongs to a person with a session of theirs.
#
# The two streams of events are left out by name: they do not end. What may revoke
# the token or the session that the others need comes last, by itself. The checks
# of schemathesis that go beyond the document are not made: it takes a value that
# a rule in words refuses for one that should be accepted, and a header Accept-
# Language that is too long for one that should be refused.
#
# The service is bin/triagent, on a free port of this machine with its data in a
# temporary folder; it ends with the script. SCHEMATHESIS is the program, else that
# of the PATH. CONTRACT_EXAMPLES (10) is how many requests are made up for each
# operation; with CONTRACT_SECONDS each of the five rounds goes on making up requests
# for that long. Fails if a promise is broken.
set -eu
cd "$(dirname "$0")/.."
schemathesis=${SCHEMATHESIS:-schemathesis}
examples=${CONTRACT_EXAMPLES:-10}
seconds=${CONTRACT_SECONDS:-}
triagent=${TRIAGENT:-bin/triagent}

if ! command -v "$schemathesis" >/dev/null 2>&1; then
	echo "schemathesis is not installed: install the Python package of this name (4.x), or name the program in SCHEMATHESIS" >&2
	exit 2
fi
if [ ! -x "$triagent" ]; then
	echo "$triagent is not there: build it with make" >&2
	exit 2
fi

work=$(mktemp -d)
service=
stop() {
	if [ -n "$service" ]; then
		kill "$service" 2>/dev/null || true
		wait "$service" 2>/dev/null || true
		service=
	fi
}
trap 'stop; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# start begins on a port that is free, which another program may take first.
start() {
	port=${CONTRACT_PORT:-9240}
	last=$((port + 20))
	while [ "$port" -lt "$last" ]; do
		url=http://127.0.0.1:$port
		"$triagent" serve --data "$work/data" --listen "127.0.0.1:$port" 2>"$work/log" &
		service=$!
		i=0
		while kill -0 "$service" 2>/dev/null && [ $i -lt 150 ]; do
			if grep -q 'setup?token=' "$work/log" && curl -fsS -o "$work/ready" "$url/readyz" 2>/dev/null; then
				return
			fi
			i=$((i + 1))
			sleep 0.2
		done
		stop
		port=$((port + 1))
	done
	echo "the service was not ready in time; its log:" >&2
	tail -20 "$work/log" >&2
	exit 1
}

# field prints a field of the JSON object on standard input.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

post() {
	path=$1
	body=$2
	shift 2
	curl -fsS -H "Content-Type: application/json" -d "$body" "$@" "$url/api/v1$path"
}

start
setup=$(sed -n 's/.*setup?token=//p' "$work/log")
csrf=$(post /session/setup "{\"token\":\"$setup\",\"name\":\"root\",\"password\":\"a password for one run\"}" -c "$work/jar" | field csrf)
token() {
	post /me/tokens "{\"name\":\"$1\",\"scopes\":[$2]}" -b "$work/jar" -H "X-CSRF-Token: $csrf" | field token
}
all='"admin","read","write","hooks","metrics"'
admin=$(token all "$all")
reader=$(token read '"read"')
cookie=$(awk '$6 == "triagent_session" { print $7 }' "$work/jar")
curl -fsS -H "Authorization: Bearer $admin" -o "$work/openapi.json" "$url/api/v1/openapi.json"

# Bodies of a type of our own are bytes.
cat >"$work/contract_hooks.py" <<'PYTHON'
import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
PYTHON
export PYTHONPATH="$work" SCHEMATHESIS_HOOKS=contract_hooks

failed=
# round NAME OPTIONS... makes one run.
round() {
	name=$1
	shift
	echo
	echo "$name"
	(cd "$work" && "$schemathesis" run "$work/openapi.json" -u "$url" \
		--checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,unsupported_method,allow_header_conformance \
		--phases examples,coverage,fuzzing,stateful --max-examples "$examples" ${seconds:+--max-time "$seconds"} --request-timeout 40 \
		--seed 1 --no-shrink --continue-on-failure --generation-database none --no-color --warnings off \
		--exclude-path /api/v1/events --exclude-path '/api/v1/incidents/{id}/events' "$@") || failed=1
}
# people is what no token opens, or only a session needs.
people='^/api/v1/(me|session)(/|$)'

round "with a token that may do everything" -H "Authorization: Bearer $admin" --exclude-operation-id tokens-delete-any
round "with a token that may read" -H "Authorization: Bearer $reader"
round "with a session" -H "Cookie: triagent_session=$cookie" -H "X-CSRF-Token: $csrf" \
	--include-path-regex "$people" --exclude-operation-id session-end --exclude-operation-id sessions-end
last=$(token last "$all")
round "what revokes tokens" -H "Authorization: Bearer $last" --include-operation-id tokens-delete-any
round "what ends sessions" -H "Cookie: triagent_session=$cookie" -H "X-CSRF-Token: $csrf" \
	--include-operation-id session-end --include-operation-id sessions-end

if ! kill -0 "$service" 2>/dev/null; then
	echo "the service ended by itself; its log:" >&2
	failed=1
fi
if grep -E 'level=ERROR|panic:' "$work/log" | tail -20 | grep .; then
	echo "the service logged errors" >&2
	failed=1
fi
test -z "$failed"
