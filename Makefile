# Every target sets up what it needs; a second call finds it done.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := /bin/bash

VENV := .venv
PY := $(VENV)/bin/python
DONE := $(VENV)/.stamps
SOURCES := $(shell find src/cell_controller sim/cell_sim -name '*.py')
MESSAGE_FILES := $(shell find src/cell_msgs tools/tf2_msgs -not -name '*.pyc' -not -name __pycache__)

# A sourced ROS, or the environment of another venv with ROS wheels, must not reach into ours.
unexport PYTHONPATH
unexport PYTHONHOME
unexport LD_LIBRARY_PATH
unexport AMENT_PREFIX_PATH
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE
# Ten processes that compile every module at every start would keep both cores busy for seconds.
unexport PYTHONDONTWRITEBYTECODE

CELL ?= config/cells/demo.yaml
PARTS ?= 3
TESTS ?= test
EPISODES ?= 2000
SEED ?= 1
JOBS ?= 2
REPEATS ?= 30
PATHS ?=
HUNTS ?= 10
EXCHANGES ?= 1000000
BENCH ?=

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

.PHONY: run
run: setup ## three parts through the simulated cell (PARTS=, CELL=)
	$(VENV)/bin/cell run --parts $(PARTS) $(CELL)

.PHONY: test
test: setup ## all tests but the whole fault matrix (TESTS=, such as TESTS=test/unit/packml; JOBS=)
	$(PY) -m pytest --numprocesses $(JOBS) --dist loadgroup --no-loadscope-reorder $(TESTS)

.PHONY: fault-matrix
fault-matrix: setup ## death and hang of every process during a weld, on live cells
	$(PY) -m pytest test/integration test/launch -m matrix

.PHONY: fault-table
fault-table: setup ## reaction to each fault on live cells, into docs/safety.md (REPEATS=); hours, resumable
	PYTHONPATH=test $(PY) -m faults measure --repeats $(REPEATS)
	PYTHONPATH=test $(PY) -m faults table

.PHONY: bench
bench: setup ## how prompt the controller is here, one JSON object per line (BENCH="--idle --figure wake")
	@PYTHONPATH=test $(PY) -m bench $(BENCH)

.PHONY: soak
soak: setup $(DONE)/compiled ## episodes with faults on simulated time (EPISODES=, SEED=, JOBS=); an hour
	PYTHONPATH=build/compiled $(VENV)/bin/cell simulate --seed $(SEED) --episodes $(EPISODES) --jobs $(JOBS) --json

.PHONY: fuzz
fuzz: setup ## a million exchanges of the drive bus with a hostile slave (EXCHANGES=, SEED=, JOBS=)
	PYTHONPATH=sim:test $(PY) -m fuzz --exchanges $(EXCHANGES) --seed $(SEED) --jobs $(JOBS)

.PHONY: mutants
mutants: setup ## faults that no test notices (PATHS=, JOBS=), and without PATHS the hunts too; hours, resumable
	@code=0; PYTHONPATH=sim:test $(PY) -m mutants --jobs $(JOBS) $(PATHS) || code=1; \
	[ -n "$(PATHS)" ] || $(MAKE) hunts || code=1; \
	exit $$code

.PHONY: hunts
hunts: setup ## episodes of fresh seeds until each broken controller is caught (HUNTS=, JOBS=); hours
	PYTHONPATH=sim:test $(PY) -m mutants.catch --seeds $(HUNTS) --jobs $(JOBS)

.PHONY: pictures
pictures: setup ## the README's picture, drawn off-screen by `cell render`
	$(VENV)/bin/cell render --at-work --cell config/cells/demo.yaml --size 1600x900 --out docs/pictures/cell.png

.PHONY: check
check: setup ## ruff, mypy --strict, and who may import whom
	@code=0; \
	for tool in "ruff check" "ruff format --check" "mypy" "lint-imports --no-cache"; do \
	  echo "== $$tool"; $(VENV)/bin/$$tool || code=1; \
	done; \
	exit $$code  # all of them, so that one run tells everything

.PHONY: format
format: setup ## let ruff put the sources in form (FILES=)
	$(VENV)/bin/ruff check --fix $(FILES)
	$(VENV)/bin/ruff format $(FILES)

.PHONY: setup
setup: $(DONE)/messages $(DONE)/project ## .venv with all dependencies, the message wheel and the cell command

.PHONY: lock
lock: setup ## tools/constraints.txt anew, from what pyproject.toml allows
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-header --upgrade \
	  --no-annotate --output-file tools/constraints.txt pyproject.toml src/cell_msgs/pyproject.toml tools/tf2_msgs/pyproject.toml

.PHONY: clean
clean: ## remove everything that is not a source
	rm -rf $(VENV) build install log dist .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name '*.egg-info' -prune -exec rm -rf {} +

$(DONE)/environment:
	@tools/setup environment

$(DONE)/dependencies: pyproject.toml tools/constraints.txt tools/setup $(DONE)/environment
	@tools/setup dependencies

$(DONE)/messages: $(MESSAGE_FILES) $(DONE)/dependencies
	@tools/setup messages

$(DONE)/project: pyproject.toml setup.py setup.cfg $(DONE)/dependencies
	@tools/setup project

$(DONE)/compiled: tools/compiled $(SOURCES) $(DONE)/messages $(DONE)/project
	@tools/setup compiled
