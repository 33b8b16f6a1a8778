# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors

# The interpreter that the virtual environment is made of (CPython 3.10 to 3.13).
PYTHON ?= python3
# Passed on to the command of a target: make demo ARGS="--robots 7 --seed 3".
ARGS ?=
# The scenario of `make simulate`, by name (config/scenarios) or path; empty: the default one.
SCENARIO ?=

VENV := .venv
RUN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup compare demo demo-dds simulate bench bench-control bench-dds test lint format docs clean

help: ## list the targets
	@echo 'Swarm Coordination: make TARGET [ARGS="..."] [PYTHON=python3.x]'
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make or refresh the virtual environment .venv (seconds when nothing changed)
	@$(PYTHON) tools/setup_environment.py

compare: setup ## install the systems that benchmarks run beside ours (nothing else needs them)
	@$(RUN)/pip install --quiet --require-hashes -r requirements/compare.lock

demo: setup ## five robots as real processes over DDS; ARGS are those of `swarm demo`
	@$(RUN)/swarm demo $(ARGS)

demo-dds: setup ## the same without ROS: plain Cyclone DDS processes
	@$(RUN)/swarm demo --backend dds $(ARGS)

simulate: setup ## the same scenario in virtual time; SCENARIO=name, ARGS of `swarm simulate`
	@$(RUN)/swarm simulate $(SCENARIO) $(ARGS)

bench: setup ## measure speed of core and storage, quick figures of coordination (docs/benchmarks.md)
	@$(RUN)/python bench/core.py
	@$(RUN)/python bench/coordination.py
	@$(RUN)/python bench/short_budget.py
	@$(RUN)/python bench/storage.py
	-@$(RUN)/swarm bench consensus --quick
	-@$(RUN)/swarm bench cluster --quick

bench-control: setup ## the controller's speed and suites (ARGS="--share 0.1": a tenth of the runs)
	@$(RUN)/python bench/control.py
	@$(RUN)/swarm evaluate --suite all --out out/control $(ARGS)

bench-dds: setup ## measure 5 to 40 robots as processes, with and without ROS (root: in a network of its own)
	@$(RUN)/python bench/dds.py $(ARGS)

test: setup ## lint, types, the test suite and the colcon builds; one summary at the end
	@$(RUN)/python tools/run_checks.py $(ARGS)

lint: setup ## ruff, the ament rules and mypy alone
	@$(RUN)/python tools/run_checks.py --only lint $(ARGS)

format: setup ## let ruff sort imports and repair what it can
	@$(RUN)/ruff check --fix $(ARGS)

docs: setup ## write docs/parameters.md anew from the declarations
	@$(RUN)/python -m swarm_coordination.ros.parameter_docs > build/parameters.md
	@mv build/parameters.md docs/parameters.md

clean: ## remove everything that the targets made
	@$(PYTHON) tools/clean.py
