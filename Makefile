# `make demo` and `make test` set up all that they need in .venv; they need Python >= 3.11 and git.
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	if $$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$p; break; fi; done)
BIN := .venv/bin
INSTALLED := .venv/.installed
# The groups of DVC's tests to run, such as "parsing or lock".
PEER := peer

.PHONY: help demo test corpus lock peer remote fault trust slurm browser docs check lowest bench bench-quick bench-docs bench-more bench-rivals clean tools extras

help:  ## say what the targets do
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

demo: $(INSTALLED)  ## run the digits example from notebooks to dvc.lock in a scratch folder
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo.sh

test: $(INSTALLED)  ## run the whole test suite
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist worksteal

corpus: $(INSTALLED)  ## convert and run notebooks that others wrote (downloads them)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist worksteal -m corpus

lock: $(INSTALLED)  ## try all that could make dvc.lock differ from what dvc repro writes, or lie
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist worksteal -m lock

peer: .venv/.extra-peer  ## run DVC's own tests with nbsnake in its place (downloads them)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist worksteal -m peer -k "$(PEER)"

remote: .venv/.extra-remote  ## push to and pull from S3 and SSH servers on this machine
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 -m remote

fault: $(INSTALLED)  ## kill the tools and break their disk at every call (needs a C compiler)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist worksteal -m fault

trust: $(INSTALLED)  ## try thousands of hostile projects and damaged files
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist worksteal -m trust

slurm: .venv/.extra-slurm  ## run pipelines on a real Slurm and Grid Engine that it starts on this machine (needs root)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 4 --dist worksteal -m slurm

browser: .venv/.extra-browser  ## open the pages that nbsnake writes in Chromium (needs chromium)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist loadscope -m browser

docs: .venv/.extra-docs  ## build the site, and run the code blocks of the README and the tutorial
	@$(BIN)/python -m mkdocs build --quiet --strict
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist worksteal -m docs

check: $(INSTALLED)  ## lint, types and the tests that start no other tool
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/bandit -q -c pyproject.toml -r nbsnake snakemake_logger_plugin_nbsnake
	$(BIN)/python .ci/audit.py
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist worksteal -m "not e2e and not corpus and not lock and not peer and not remote and not fault and not trust and not slurm and not browser and not docs"

lowest: $(INSTALLED)  ## test the lowest versions of dependencies that pyproject.toml allows
	@rm -rf .lowest && $(BIN)/python -m venv .lowest
	@$(BIN)/python .ci/lowest.py > .lowest/constraints.txt
	@.lowest/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint .lowest/constraints.txt --editable . pytest hypothesis
	@PATH="$(CURDIR)/.lowest/bin:$$PATH" .lowest/bin/python -m pytest -W ignore::DeprecationWarning \
	  tests/e2e/test_identity.py tests/test_gitignore.py tests/test_schema.py tests/test_completion.py

requirements-dev.lock: pyproject.toml  ## lock the versions of all packages for development
	@uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --custom-compile-command "make $@" --output-file $@ \
	  --extra dev --extra beside --extra browser --extra docs --extra jupyter --extra peer \
	  --extra remote --extra slurm \
	  pyproject.toml

bench: $(INSTALLED)  ## measure nbsnake against its rivals, all in one run (at most 25 minutes)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/bench/rivals_table.py --json bench.json

bench-quick: $(INSTALLED)  ## the same with small projects (3 minutes)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/bench/rivals_table.py --quick

bench-docs: $(INSTALLED)  ## write docs/benchmarks.md from the last `make bench`
	@$(BIN)/python tests/bench/page.py bench.json

bench-more: $(INSTALLED)  ## measure conversion, sweeps, large projects, the runner and a cluster
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/bench/bench.py
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/bench/convert.py
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/bench/sweep.py
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/bench/sync.py
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/bench/runner.py
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/bench/cluster.py

bench-rivals: $(INSTALLED)  ## install other tools that run notebooks, and measure digits in each
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/bench/rivals/measure_rivals.py

clean:  ## remove what the targets above made
	rm -rf .venv .demo .lowest .rivals .site

tools:
	@test -n "$(PYTHON)" || { \
	  echo "make: Python 3.11 or newer (with venv) is needed and was not found." >&2; \
	  echo "      Install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@command -v git >/dev/null || { \
	  echo "make: git is needed and was not found; install it, then try again." >&2; exit 1; }

$(INSTALLED): pyproject.toml | tools
	@echo "Setting up .venv with $$($(PYTHON) --version) (a minute or two, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]" || { \
	  echo "make: the packages could not be installed; is the package index reachable?" >&2; exit 1; }
	@touch $@

.venv/.extra-%: $(INSTALLED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$*]"
	@touch $@

extras: $(INSTALLED)  ## install at once what the suites browser, docs, peer, remote and slurm need
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --editable ".[browser,docs,peer,remote,slurm]"
	@touch $(addprefix .venv/.extra-,browser docs peer remote slurm)
