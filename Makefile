# Everything runs in .venv, which is made when it is needed and made again when pyproject.toml changes.
#
#   make music          compose a piece with the shipped weights: outputs/first.mid, .wav and .png
#   make music SEED=2   another piece
#   make test           run the tests
#   make lint           check style and types

PYTHON ?= python3
SEED ?= 124
BARS ?= 16

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt
# CI runs the slow tests too.
PYTEST_OPTIONS ?= $(if $(CI),-m '')

.PHONY: music test lint clean

music: $(VENV)/.run
	$(BIN)/amadeus generate --bars $(BARS) --seed $(SEED) --output outputs/first.mid \
		--audio outputs/first.wav --picture outputs/first.png

test: $(VENV)/.test
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

$(VENV)/.run: pyproject.toml constraints.txt hatch_build.py $(wildcard src/amadeus/native/*.cpp src/amadeus/native/*.h)
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade 'pip>=25.1'  # older ones know no dependency groups
	$(PIP) --editable .
	touch $@

$(VENV)/.test: $(VENV)/.run
	$(PIP) --group dev
	touch $@

clean:
	rm -rf $(VENV) outputs

# The compiled core in AddressSanitizer and UndefinedBehaviorSanitizer, built apart; needs g++.
SANITIZED := build/sanitized
SANITIZE := -g -fno-omit-frame-pointer -fno-sanitize-recover=all \
	-fsanitize=address,undefined,float-cast-overflow

.PHONY: sanitize
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
