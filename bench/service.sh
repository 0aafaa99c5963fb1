#!/bin/sh
# What the service promises about load, measured on one machine, the load
# generators included: 10,000 incidents and 100,000 alerts are made, then
#   lists and searches, one by one               p95 under 100 ms
#   a change, until a stream and a page have it  p95 under 500 ms
#   1,000 alerts a second for 60 s               none lost
#   10,000 people, each with a stream and a question every 10 s
#                                                p95 under 300 ms, no error, under 1.5 GB
#
# BENCH_DATABASE is the postgres:// URL of an empty database; without it the state
# is SQLite. BENCH_SEEDED is a folder that bench/seed filled: it is copied rather
# than made anew (SQLite only). BENCH_CLIENTS and BENCH_SECONDS make it smaller.
# Everything stays on this machine, and ends by itself. Fails if a promise is
# broken.
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}
clients=${BENCH_CLIENTS:-10000}
seconds=${BENCH_SECONDS:-60}
port=${BENCH_PORT:-9219}
url=http://127.0.0.1:$port

need=$((clients + 2100))
enough() { [ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge "$need" ]; }
if ! enough && ! ulimit -n "$need" 2>/dev/null; then
	echo "$(ulimit -n) files may be open and $need are needed: raise it with ulimit -n $need" >&2
	exit 1
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
for p in seed load alerts change query; do $GO build -o "$work/$p" "./bench/$p"; done
data=$work/data

start() {
	printf 'listen: 127.0.0.1:%s\ndata: %s\ndatabase: "%s"\nlog:\n  level: warn\n' "$port" "$data" "${BENCH_DATABASE:-}" >"$work/config.yaml"
	bin/triagent serve --config "$work/config.yaml" 2>>"$work/log" &
	service=$!
	i=0
	until curl -fsS -o "$work/ready" "$url/readyz" 2>"$work/ready"; do
		i=$((i + 1))
		if [ $i -gt 150 ]; then
			echo "the service was not ready in time; its log:" >&2
			tail -20 "$work/log" >&2
			exit 1
		fi
		sleep 0.2
	done
}

failed=
measure() {
	echo
	echo "$1"
	shift
	"$@" || failed=1
}

if [ -n "${BENCH_DATABASE:-}" ]; then kind=PostgreSQL; else kind=SQLite; fi
echo "$(nproc) processors, $(ulimit -n) open files, state in $kind"
if [ -n "${BENCH_SEEDED:-}" ]; then
	cp -r "$BENCH_SEEDED" "$data"
else
	"$work/seed" -data "$data" -database "${BENCH_DATABASE:-}"
fi
token=$data/token.txt

start
measure "lists and searches (promised: p95 under 100 ms)" \
	"$work/query" -url "$url" -token "$token" -pid "$service" -p95 100ms
measure "from a change to a stream (promised: p95 under 500 ms)" \
	"$work/change" -url "$url" -token "$token" -p95 500ms
if command -v node >/dev/null && [ -d web/node_modules/playwright-core ]; then
	measure "from a change to the screen (promised: p95 under 500 ms)" node bench/screen.mjs "$url" "$data"
fi
measure "a storm of 1,000 alerts a second (promised: none lost)" \
	"$work/alerts" -url "$url" -token "$token" -rate 1000 -for "${seconds}s" -pid "$service"
stop

start
measure "$clients people at once (promised: p95 under 300 ms, no error, under 1.5 GB)" \
	"$work/load" -url "$url" -token "$token" -sessions "$data/sessions.txt" -clients "$clients" -for "${seconds}s" -pid "$service" -p95 300ms -rss 1500
stop
if [ -s "$work/log" ] && grep -q level= "$work/log"; then
	echo
	echo "the service said:"
	grep level= "$work/log" | tail -5
fi
test -z "$failed"
