#!/bin/sh
# The speeds and the memory that the project promises, measured on one core
# but for the growth, which is measured on two.
# BENCH_GB is the length of the long log (10); TRIAGENT_DATASETS the folder of
# the public data sets (../shared/datasets), without which the templates are not
# measured. Fails if a promise is broken.
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
$GO build -o "$work/process" ./bench/process
$GO build -o "$work/biglog" ./bench/biglog
$GO build -o "$work/scale" ./bench/scale
bundle=demo/incidents/iotdb-lab-b945384a
failed=0

echo "templates: raw IoTDB lines, reading included, one core (promised: 2,400,000 lines/s)"
$GO test -run '^$' -bench '^Benchmark(Mine|Templates)$' -benchtime 5x -cpu 1 ./compress | grep -E 'Benchmark|SKIP|no ' || true

echo
echo "diagnosis: a new process, from a bundle to JSON, one core (promised: median under 150 ms)"
"$work/process" -n 21 -procs 1 -wall 150ms -- bin/triagent diagnose --format json "$bundle" || failed=1

echo
echo "long log: ${BENCH_GB:-10} GB of lines through a diagnosis (promised: under 600 MB of memory)"
"$work/biglog" -gb "${BENCH_GB:-10}" "$work/big"
"$work/process" -n 1 -procs 0 -rss 600 -- bin/triagent diagnose --format json "$work/big" || failed=1

echo
echo "growth: metrics of up to 200 nodes and 4 hours, two cores (promised: under 5 s and 2 GB, linear)"
"$work/scale" -triagent bin/triagent || failed=1
exit $failed
