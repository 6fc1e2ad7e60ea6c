# The commands of the README. On Windows use the plain commands written there.
PYTHON ?= python3
BIN = .venv/bin
DEMO = demo

.PHONY: setup demo test test-cluster check format fuzz bench lock clean

setup: .venv/ready

# OpenCV needs libraries of a desktop for its windows, which nothing here opens. Where they are missing, the same version
# without windows takes its place.
OPENCV = @$(BIN)/python -c 'import cv2' 2> /dev/null || { \
	  echo "note: libraries that OpenCV wants for windows are missing (libGL); installing opencv-python-headless instead"; \
	  $(BIN)/python -m pip uninstall --quiet --yes opencv-python; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall --require-hashes -r .ci/headless.lock; }

.venv/ready: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	  echo "error: found `$(PYTHON) --version 2>&1`; Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv .venv || { \
	  echo "error: no virtual environment could be made; on Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(OPENCV)
	@$(BIN)/python -m common.tools.check_setup
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(OPENCV)
	@for name in chromium chromium-browser google-chrome google-chrome-stable chrome msedge; do command -v $$name > /dev/null && exit 0; done; \
	  $(BIN)/python -m playwright install chromium > /dev/null 2>&1 || \
	  echo "note: no Chromium was found and none could be downloaded; the tests of pages are skipped"
	@touch $@

# Other people's software that the tests and benchmarks ask; apart, because it brings another OpenCV. The lock is
# complete, so nothing is resolved.
.venv-oracles/ready: .ci/oracles.lock
	@$(PYTHON) -m venv .venv-oracles
	.venv-oracles/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .ci/oracles.lock
	@touch $@

# Draws street scenes and runs steps on them with small settings: the baselines, one by the other recipe, and one method.
demo: .venv/ready
	$(BIN)/python -m common.tools.demo_data $(DEMO)/original_data --config $(DEMO)/config.ini
	$(BIN)/python 00_Cityscapes_resize_images_and_masks.py --config $(DEMO)/config.ini
	$(BIN)/python 01_Cityscapes_split_original_train_val.py --config $(DEMO)/config.ini
	$(BIN)/python 02_Cityscapes_full.py --config $(DEMO)/config.ini
	$(BIN)/python 03_Cityscapes_subset.py --config $(DEMO)/config.ini
	$(BIN)/python 04_Cityscapes_subset_aug.py --config $(DEMO)/config.ini
	$(BIN)/python 03_Cityscapes_subset.py --config $(DEMO)/config.ini RECIPE=modern
	$(BIN)/python 09_Cityscapes_IM.py --config $(DEMO)/config.ini NUM_EPOCHS=10

# Everything, under TensorFlow; then under JAX what may differ between back ends. A file of tests on each core, from two,
# because most leave a core idle, to four: each may take 1 to 2 GB.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(4, max(2, os.cpu_count() or 2)))')
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
test:
	@$(MAKE) --no-print-directory -j2 check .venv-oracles/ready
	$(PYTEST)
	KERAS_BACKEND=jax $(PYTEST) -m backend tests/learning

# The tests that start a Ray cluster of three machines, as root under Linux; they install Ray and take some minutes.
test-cluster: .venv/ready-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-ray.lock
	$(BIN)/python -m pytest -m cluster tests/engines

# Format, lint and types, in seconds.
check: .venv/ready-dev
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy

format: .venv/ready-dev
	$(BIN)/python -m ruff format .
	$(BIN)/python -m ruff check --fix .

# More changed files than the tests have, for all readers: make fuzz COUNT=100000 SEED=7
COUNT ?= 20000
SEED ?= 1
fuzz: .venv/ready-dev
	$(BIN)/python -m tests.fuzzing --count $(COUNT) --seed $(SEED)

bench: .venv/ready-dev .venv-oracles/ready
	$(BIN)/python -m benchmarks

# Needs uv on the path; run it after a change of the dependencies in pyproject.toml.
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --generate-hashes --custom-compile-command "make lock"
# What an extra adds to requirements.lock, so that it can be installed later and brings nothing of another version.
EXTRA = python3 -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["$(1)"], sep="\n")'
lock:
	$(COMPILE) pyproject.toml -o requirements.lock
	grep -o '^opencv-python==[^ ]*' requirements.lock | sed 's/python/python-headless/' | $(COMPILE) --no-deps - -o .ci/headless.lock
	$(COMPILE) --override .ci/oracles-without.txt .ci/oracles.in -o .ci/oracles.lock
	$(COMPILE) --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(call EXTRA,export) | $(COMPILE) -c requirements-dev.lock - -o requirements-export.lock
	$(call EXTRA,ray) | $(COMPILE) -c requirements-dev.lock - -o requirements-ray.lock

clean:
	rm -rf .venv .venv-oracles $(DEMO) .pytest_cache .ruff_cache .hypothesis .mypy_cache
