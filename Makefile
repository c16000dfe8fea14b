# Every target first makes .venv ready (a fraction of a second once it is).
SHELL := /bin/sh
.DEFAULT_GOAL := help
IN_VENV = . .venv/environment.sh &&
WORKERS ?= 2
EXTRAS ?=
ROBOT ?= panda

.PHONY: help setup run test lint types bench bench-ik docs clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

setup: ## make .venv: packages, and the ROS 2 interfaces built into it; EXTRAS=learn,onnx,metaworld adds what learning needs
	@command -v python3 >/dev/null || { echo "python3 is missing. Run as root: apt-get install -y python3 python3-venv python3-dev"; exit 1; }
	@python3 tools/setup_environment.py --extras "$(EXTRAS)"

run: setup ## prepare coffee on a simulated arm over ROS 2, recorded under runs/
	@$(IN_VENV) skillkit run prepare_coffee --robot $(ROBOT) $$SKILLKIT_ROS

test: setup ## every test (WORKERS=2 processes)
	@$(IN_VENV) pytest -n $(WORKERS) --dist loadgroup

lint: setup ## style of the code
	@$(IN_VENV) ruff check . && ruff format --check .

types: setup ## types of the code
	@$(IN_VENV) mypy

bench: setup ## every speed and every claim, measured (slow)
	@$(IN_VENV) for file in benchmarks/[!_]*.py; do echo "== $$file"; python "$$file" || exit 1; done

bench-ik: setup ## streaming control beside its peers; PEERS=.venv-peers/bin/python measures with the peers installed there
	@$(IN_VENV) PYTHONPATH=. OMP_NUM_THREADS=1 $(or $(PEERS),python) benchmarks/ik_streaming.py

docs: setup ## the pictures and tables in docs/ that are made from the code
	@$(IN_VENV) python docs/generate.py

clean: ## remove what was built: .venv, caches, ros2_ws/{build,install,log}
	rm -rf .venv build dist *.egg-info ros2_ws/build ros2_ws/install ros2_ws/log .pytest_cache .mypy_cache .ruff_cache .hypothesis
