# Everything runs in .venv, which is made when it is needed and updated when pyproject.toml or
# constraints.txt changes.
#
#   make music           compose a piece with the shipped weights: outputs/first.mid, .wav and .png
#   make music SEED=2    another piece
#   make test            run the tests
#   make test LATEST=1   run them with the newest releases of all dependencies, in .venv-latest
#   make lint            check style and types
#   make lock            write constraints.txt again after a change to pyproject.toml
#   make lock UPGRADE=1  the same, with the newest releases

PYTHON ?= python3
SEED ?= 4
BARS ?= 16

# constraints.txt fixes the version of every package, for every platform and Python version.
ifdef LATEST
VENV := .venv-latest
UPGRADED := --upgrade --upgrade-strategy eager
REFRESHED := refresh
# Again beside the group: pip ignores the bounds of packages that are installed already.
BOUNDED := --editable .
export AMADEUS_LATEST := 1
else
VENV := .venv
LOCKED := --constraint constraints.txt
LOCKED_BUILD := --build-constraint constraints.txt
endif
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install $(UPGRADED) $(LOCKED)
# CI runs the slow tests too.
PYTEST_OPTIONS ?= $(if $(CI),-m '')

.PHONY: music test lint lock refresh sanitize clean

music: $(VENV)/.run
	$(BIN)/amadeus generate --bars $(BARS) --seed $(SEED) --output outputs/first.mid \
		--audio outputs/first.wav --picture outputs/first.png

test: $(VENV)/.test
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

$(VENV)/.run: $(REFRESHED) pyproject.toml constraints.txt hatch_build.py $(wildcard src/amadeus/native/*.cpp src/amadeus/native/*.h)
	$(PYTHON) -m venv $(VENV)
	$(PIP) 'pip>=25.3'  # older releases have no --build-constraint
	$(PIP) $(LOCKED_BUILD) --editable .
	touch $@

$(VENV)/.test: $(VENV)/.run
	$(PIP) $(BOUNDED) --group dev
	touch $@

lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip --disable-pip-version-check --quiet install $(LOCKED) uv
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.10 --no-python-downloads \
		--all-extras --group dev --group build $(if $(UPGRADE),--upgrade) \
		--annotation-style line --custom-compile-command "make lock" \
		--output-file constraints.txt pyproject.toml

# The compiled core in AddressSanitizer and UndefinedBehaviorSanitizer, built apart; needs g++.
SANITIZED := build/sanitized
SANITIZE := -g -fno-omit-frame-pointer -fno-sanitize-recover=all \
	-fsanitize=address,undefined,float-cast-overflow

sanitize: $(VENV)/.test
	rm -rf $(SANITIZED)
	mkdir -p $(SANITIZED)
	cp -r pyproject.toml hatch_build.py README.md LICENSE src $(SANITIZED)
	rm -f $(SANITIZED)/src/amadeus/native/*.so
	CXX='g++ $(SANITIZE)' $(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps \
		--wheel-dir $(SANITIZED) ./$(SANITIZED)
	PYTHONPATH=$(CURDIR)/$(SANITIZED)/src OMP_NUM_THREADS=1 \
		ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
		LD_PRELOAD=$$(g++ -print-file-name=libasan.so):$$(g++ -print-file-name=libstdc++.so) \
		$(BIN)/python -m pytest --capture=sys tests/inference/test_native.py \
		tests/inference/test_native_limits.py tests/inference/test_batches.py

clean:
	rm -rf .venv .venv-latest .venv-lock build outputs
