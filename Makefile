# What each word does is said beside it; `make` alone prints this list.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
DAYS   ?= 0
# Two tests a processor: many of them wait for a clock, a server or another process.
PARALLEL = -n $(shell expr 2 \* $$(getconf _NPROCESSORS_ONLN)) --maxprocesses 16 --dist worksteal

.DEFAULT_GOAL := help

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

# Made anew only when the lock, the project file or the interpreter changes, so a second run needs no network.
$(VENV)/.ready: requirements.lock pyproject.toml .ci/setup
	@PYTHON="$(PYTHON)" .ci/setup "$(VENV)"

demo: $(VENV)/.ready ## set everything up and run the main job on the real case, into demo/
	@$(BIN)/gestand demo demo

test: $(VENV)/.ready ## set everything up and pass the tests, on all processors
	@$(BIN)/python -m pytest $(PARALLEL)

thorough: $(VENV)/.ready ## the tests with ten times as many examples made up, and a million conditions (a quarter of an hour)
	@GESTAND_EXAMPLES=10 GESTAND_EVALUATIONS=1000000 $(BIN)/python -m pytest $(PARALLEL)

coverage: $(VENV)/.ready ## the same, and which lines no test runs; with DAYS=400 as if it were so many days later
	@$(BIN)/python -m pytest $(PARALLEL) --days-later $(DAYS) --cov --cov-report=term:skip-covered

later: $(VENV)/.ready ## the tests and the demonstration on six days to come (half an hour; needs faketime)
	@VENV="$(VENV)" .ci/later

check: $(VENV)/.ready ## format, lint, types, import arrows, names of modules, shipped rule files, generated docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@PYTHONPATH=. $(BIN)/lint-imports --no-cache
	@$(BIN)/python .ci/names
	@$(BIN)/gestand check
	@$(BIN)/gestand schema --into docs/schema --check
	@$(BIN)/gestand docs --into docs/rules --check

chronos: $(VENV)/.ready ## two minutes of kills, clock jumps, refused mail and a full disk, and what the readers got
	@PYTHONPATH=. $(BIN)/python benchmarks/chronos.py

docs: $(VENV)/.ready ## write the generated docs anew: schemas, a page about each pack
	@$(BIN)/gestand schema --into docs/schema
	@$(BIN)/gestand docs --into docs/rules

torture: $(VENV)/.ready ## kill the delivery a thousand times, and count what is lost or doubled (four minutes)
	@PYTHONPATH=. $(BIN)/python benchmarks/torture.py

pictures: $(VENV)/.ready ## draw the pictures of digests and of a letter anew, with Chromium
	@PYTHONPATH=.:tests $(BIN)/python benchmarks/pictures.py

serve: $(VENV)/.ready ## run the demo workspace as a service until Ctrl-C
	@test -f demo/gestand.yaml || $(BIN)/gestand demo demo
	@$(BIN)/gestand --workspace demo serve

build/audit/.ready: .ci/audit.lock
	@rm -rf build/audit && $(PYTHON) -m venv build/audit
	@build/audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .ci/audit.lock
	@touch $@

audit: build/audit/.ready ## look the locked packages up among known vulnerabilities
	@build/audit/bin/python .ci/audit

sbom: $(VENV)/.ready build/audit/.ready ## write the bill of materials (CycloneDX) of what is installed, into build/
	@build/audit/bin/cyclonedx-py environment $(VENV) --pyproject pyproject.toml --output-reproducible -o build/gestand.cdx.json
	@printf 'written to build/gestand.cdx.json\n'

lock: ## resolve the dependencies anew and pin them with their hashes (needs uv)
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 --extra dev \
	  --custom-compile-command "make lock" pyproject.toml -o requirements.lock
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --custom-compile-command "make lock" .ci/audit.in -o .ci/audit.lock

clean: ## remove what make has made
	rm -rf $(VENV) demo build *.egg-info .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: help demo test thorough coverage later check chronos docs torture pictures serve audit sbom lock clean
