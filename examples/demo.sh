#!/usr/bin/env bash
# The digits example from notebooks to dvc.lock, in the scratch folder .demo (`make demo` calls this).
set -euo pipefail

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
show() { printf '\033[2m$ %s\033[0m\n' "$*"; "$@"; }
fail() { printf 'demo: %s\n' "$*" >&2; exit 1; }

here=$(cd "$(dirname "$0")" && pwd)
scratch=$(dirname "$here")/.demo
export DVC_NO_ANALYTICS=1
export GIT_AUTHOR_NAME=demo GIT_AUTHOR_EMAIL=demo@example.com
export GIT_COMMITTER_NAME=demo GIT_COMMITTER_EMAIL=demo@example.com

say "A copy of the example: six notebooks and their parameters"
rm -rf "$scratch" && cp -r "$here/digits" "$scratch" && cd "$scratch"
git init --quiet .
show ls notebooks params.yaml

say "Set up the project, and write scripts, rules and dvc.yaml from the notebooks"
show nbsnake init
show nbsnake generate
git add . && git commit --quiet -m "Notebooks and what is generated from them"

say "Run it: independent steps at the same time"
show snakemake --cores 2

say "The results, as DVC sees them"
show dvc metrics show
show dvc status | tee .nbsnake/status
grep -q "up to date" .nbsnake/status || fail "dvc status is not clean"
git add . && git commit --quiet -m "First results"

say "Nothing is left to do, for plain Snakemake as for DVC"
show snakemake --cores 2 2>&1 | tee .nbsnake/again | grep "Nothing to be done" \
  || { cat .nbsnake/again >&2; fail "Snakemake wanted to run again"; }

say "Change one parameter: only what depends on it runs"
show sed -i.bak 's/  c: 4.0/  c: 0.5/' params.yaml && rm params.yaml.bak
show nbsnake status
show snakemake --cores 2 --quiet all
show dvc metrics diff
show dvc status

say "Change it back: the cache has those results"
show git checkout --quiet params.yaml
show nbsnake run -j 2
show dvc status

cat <<EOF

Done. The project is in .demo; try there, with this environment's tools on the PATH
(export PATH="$(dirname "$here")/.venv/bin:\$PATH"; cd .demo):
  jupyter lab notebooks        edit a cell, then: nbsnake run -j 2   (pip install jupyterlab first)
  nbsnake status               what is fresh, what is stale, and why
  snakemake --cores 2 -n       what Snakemake would run
  dvc dag; dvc params diff     the same pipeline through DVC
Your own notebooks: see "Five minutes with your own notebook" in README.md.
EOF
