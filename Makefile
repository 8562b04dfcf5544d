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
