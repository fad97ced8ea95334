# Two commands matter: `make book` and `make test`. Each sets up .venv first where it is missing or out of date.
# The first Python here that fits: make PYTHON=… names another.
FITS := import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for one in python3 python3.11 python3.12 python3.13; do \
	$$one -c '$(FITS)' 2>/dev/null && command -v $$one && break; done)
VENV := .venv
UV := uv==0.13.9  # installs what requirements.txt pins in a sixth of pip's time
JAX := jax==0.10.2 jaxlib==0.10.2  # for tests, in a folder beside: where it is found, TensorFlow imports it at each start
READY := $(VENV)/.ready

.PHONY: book pdf test test-all bench notebooks lock clean

book: $(READY)  ## run every chapter that has changed and render the pages (options: environment variables, see README)
	@$(VENV)/bin/artpose book

pdf: $(READY)  ## the same, and all pages in one file, _build/artpose.pdf
	@$(VENV)/bin/artpose book --pdf

test: $(READY) $(VENV)/jax  ## style, then the tests, with a smoke run of every chapter and a build of the book among them
	$(VENV)/bin/ruff check .
	$(VENV)/bin/lint-imports --no-cache
	OPENBLAS_NUM_THREADS=1 $(VENV)/bin/pytest -n 2 --no-loadscope-reorder  # two processes, whose threads would spin: see tests/conftest.py

test-all: $(READY) $(VENV)/jax  ## the tests that train real networks or run a benchmark too
	OPENBLAS_NUM_THREADS=1 $(VENV)/bin/pytest -m "" -n 2 --no-loadscope-reorder

$(VENV)/jax: | $(READY)
	-$(VENV)/bin/pip install --quiet --no-deps --target $@ $(JAX)  # where it cannot be had, its tests are skipped

bench: $(READY) benchmarks/.venv/.ready  ## time two ways of each piece of work in turn, into benchmarks/results
	$(VENV)/bin/python benchmarks

benchmarks/.venv/.ready: benchmarks/requirements.txt
	$(PYTHON) -m venv benchmarks/.venv
	benchmarks/.venv/bin/pip install --quiet --no-deps -r benchmarks/requirements.txt
	@touch $@

notebooks: $(READY)  ## derive the paired notebooks from the chapters' .py files
	$(VENV)/bin/jupytext --to ipynb --update notebooks/*.py

lock:  ## pin again what pyproject.toml brings along, less what imaug asks for and this project never imports
	rm -rf _build/lock && $(PYTHON) -m venv _build/lock
	_build/lock/bin/pip install --quiet ".[dev]" setuptools==80.9.0
	_build/lock/bin/pip freeze --all | grep -v -E '^(artpose|pip|tensorflow_cpu|opencv-python|imagecorruptions-imaug|numba|llvmlite)( |==)' > requirements.txt
	grep -o '^    "tensorflow[^"[]*==[^"]*' pyproject.toml | sed 's/^ *"//' >> requirements.txt

clean:  ## forget the rendered pages and the executed chapters; trials stay stored in ~/.artpose
	rm -rf _build book/chapters book/_static/maps book/_static/try

$(READY): requirements.txt pyproject.toml
	@'$(PYTHON)' -c '$(FITS)' 2>/dev/null || { echo "artpose needs Python 3.11, 3.12 or 3.13 with ensurepip, and" \
		"$(or $(PYTHON),what is on the path) is none: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "artpose: $(VENV) is made by $(PYTHON), $$($(PYTHON) -V)"
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --no-deps $(UV)
	$(VENV)/bin/uv pip install --quiet --no-deps --python $(VENV)/bin/python -r requirements.txt || \
		$(VENV)/bin/pip install --quiet --no-deps --no-compile -r requirements.txt  # uv reads no pip.conf
	$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@
