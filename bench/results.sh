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

# node@1 with twenty solved cases: a line a set, with each seed, their mean and how
# far they lie apart.
twenty() {
	for seed in 1 2 3 4 5 6; do
		bin/triagent eval run --datasets "$sets" --sets 'tvdiag*' --memory set --memory-cases 20 --seed $seed --no-check --late 0 |
			awk '$1 == "set" { for (i = NF; i > 0; i--) if ($i == "node@1") at = i } $1 ~ /^tvdiag-[a-z]+$/ { print $1, $at }'
	done | awk '
		{ if (!($1 in n)) order[++sets] = $1; n[$1]++; sum[$1] += $2; each[$1] = each[$1] "  " $2
		  if (n[$1] == 1 || $2 < low[$1]) low[$1] = $2; if (n[$1] == 1 || $2 > high[$1]) high[$1] = $2 }
		END { for (i = 1; i <= sets; i++) { s = order[i]; printf "  %-16s node@1%s  mean %.3f, %.2f to %.2f\n", s, each[s], sum[s] / n[s], low[s], high[s] } }'
}

{
	printf '# Results\n\nMade by `make results` on %s: the built-in engine, one configuration for all sets, no training. What the words mean: [evaluation.md](evaluation.md);\n' "$(date -u +%F)"
	printf 'how to read them, and what is weak: [figures.md](figures.md). DIR is the folder of the public data sets.\n'
	section 'All sets' 'triagent eval run --datasets DIR'
	bin/triagent eval run --datasets "$sets" --json "$work/all.json"
	printf '```\n'
	section 'With solved cases of its own system' "triagent eval run --datasets DIR --sets 'tvdiag*' --memory set --no-check --late 0"
	bin/triagent eval run --datasets "$sets" --sets 'tvdiag*' --memory set --no-check --late 0 | sed '/^all sets together/,/^$/d'
	printf '```\n'
	section 'With ten solved cases of its own system' "triagent eval run --datasets DIR --sets iotdb-lab --memory set --memory-cases 10 --no-check --late 0"
	bin/triagent eval run --datasets "$sets" --sets iotdb-lab --memory set --memory-cases 10 --no-check --late 0 | sed '/^iotdb-lab:/,$d'
	printf '```\n'
	section 'With twenty solved cases' "for seed in 1 2 3 4 5 6; do triagent eval run --datasets DIR --sets 'tvdiag*' --memory set --memory-cases 20 --seed \$seed --no-check --late 0; done"
	twenty
	printf '```\n'
	section 'With solved cases of other systems' "for sets in 'tvdiag*' 'iotdb-lab,nezha*'; do triagent eval run --datasets DIR --sets \"\$sets\" --memory others --no-check --late 0; done"
	for s in 'tvdiag*' 'iotdb-lab,nezha*'; do
		bin/triagent eval run --datasets "$sets" --sets "$s" --memory others --no-check --late 0 | sed '/^all sets together/,$d'
	done
	printf '```\n'
	section 'Nezha, both systems' "triagent eval run --datasets DIR --sets 'nezha*' --no-check --late 0"
	bin/triagent eval run --datasets "$sets" --sets 'nezha*' --no-check --late 0 | sed '/^nezha/,$d'
	printf '```\n'
	section 'Without roles' 'triagent eval run --datasets DIR --sets iotdb-lab --without-roles'
	bin/triagent eval run --datasets "$sets" --sets iotdb-lab --without-roles --json "$work/noroles.json"
	printf '```\n'
	section 'With other names of nodes' "triagent eval run --datasets DIR --sets 'iotdb-lab,nezha*' --rename nodes --no-check --late 0"
	bin/triagent eval run --datasets "$sets" --sets 'iotdb-lab,nezha*' --rename nodes --no-check --late 0 | sed '/^all sets together/,$d'
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
