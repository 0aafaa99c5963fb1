#!/bin/sh
# Writes docs/results.md: every figure of the engine on the public data sets in
# the folder TRIAGENT_DATASETS (../shared/datasets), which are imported first.
set -eu
cd "$(dirname "$0")/.."
sets=${TRIAGENT_DATASETS:-../shared/datasets}
[ -d "$sets" ] || { echo "no data sets in $sets: name their folder in TRIAGENT_DATASETS" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

section() { # title, command as a reader runs it
	printf '\n## %s\n\n    %s\n\n```\n' "$1" "$2"
}

{
	printf '# Results\n\nMade by `make results` on %s: the built-in engine, one configuration for all sets, no training. What the words mean: [evaluation.md](evaluation.md);\n' "$(date -u +%F)"
	printf 'how to read them, and what is weak: [figures.md](figures.md). DIR is the folder of the public data sets.\n'
	section 'All sets' 'triagent eval run --datasets DIR'
	bin/triagent eval run --datasets "$sets" --json "$work/all.json"
	printf '```\n'
	section 'Nezha, both systems' "triagent eval run --datasets DIR --sets 'nezha*' --no-check --late 0"
	bin/triagent eval run --datasets "$sets" --sets 'nezha*' --no-check --late 0 | sed '/^nezha/,$d'
	printf '```\n'
	section 'Without roles' 'triagent eval run --datasets DIR --sets iotdb-lab --without-roles'
	bin/triagent eval run --datasets "$sets" --sets iotdb-lab --without-roles --json "$work/noroles.json"
	printf '```\n'
	section 'With other names of nodes' "triagent eval run --datasets DIR --sets 'iotdb-lab,nezha*' --rename nodes --no-check --late 0"
	bin/triagent eval run --datasets "$sets" --sets 'iotdb-lab,nezha*' --rename nodes --no-check --late 0 | head -8
	printf '```\n'
	# The tables stand before the figures set by set.
	section 'Made harder' "triagent eval run --datasets DIR --sets 'iotdb-lab,nezha*' --perturb all --no-check --late 0"
	bin/triagent eval run --datasets "$sets" --sets 'iotdb-lab,nezha*' --perturb all --no-check --late 0 --json "$work/perturbed.json" | sed '/^[a-z0-9-]*: [0-9]* cases/,$d'
	printf '```\n'
	section 'Healthy windows' 'triagent eval run --datasets DIR --healthy 200 --no-check'
	bin/triagent eval run --datasets "$sets" --healthy 200 --no-check --json "$work/healthy.json"
	printf '```\n'
	section 'The evidence as short text' 'triagent eval kept --datasets DIR'
	bin/triagent eval kept --datasets "$sets"
	printf '```\n'
	section 'The evidence as short text, cases labelled later' 'triagent eval kept --datasets DIR --later'
	bin/triagent eval kept --datasets "$sets" --later
	printf '```\n'
	section 'Log templates' 'triagent eval loghub DIR/loghub2k'
	bin/triagent eval loghub "$sets/loghub2k"
	printf '```\n'
} >"$work/results.md"
sed 's/[[:space:]]*$//' "$work/results.md" >docs/results.md
echo "docs/results.md is written"
