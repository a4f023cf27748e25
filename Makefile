# The course, its tests and its tools. `make help` lists the targets.

.DEFAULT_GOAL := help
.PHONY: help lab setup check-seat handout site serve test lowest notebooks release lint bench

BIN := .venv/bin
# What has been installed, and when: neither is done again until one of these files changes.
COURSE := .venv/.course
DEV := .venv/.dev
SITE := .venv/.site
MARKS := .venv/.marks
PINS := pyproject.toml constraints.txt
NOTEBOOKS := $(wildcard notebooks/[0-9]*.ipynb authoring/solutions/[0-9]*.ipynb)
PYTEST := python -m pytest -n 2 --dist loadscope --no-loadscope-reorder -r s tests oomlab \
	--nbval --nbval-current-env --nbval-cell-timeout=600 --nbval-kernel-startup-timeout=600 \
	--nbval-sanitize-with=authoring/sanitize.cfg $(NOTEBOOKS)
# JupyterLab will not run as root, as in a container, unless it is told to.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

lab: $(COURSE) ## open the course in JupyterLab, on this machine only
	@echo "Opening JupyterLab on notebooks/00_start.ipynb. Ctrl-C here ends it."
	@$(BIN)/jupyter lab --ip=localhost $(AS_ROOT) --ServerApp.root_dir=notebooks \
		--LabApp.default_url=/lab/tree/00_start.ipynb

setup: $(COURSE) ## install the course into .venv
	@echo "Ready: make lab opens the course."

check-seat: $(COURSE) ## say whether this machine is ready for the course
	@echo "Checking this seat: some seconds."
	@$(BIN)/oomlab course --check

handout: $(DEV) ## print the two pages for learners to handout.pdf; needs chromium
	@echo "Printing handout.pdf."
	@$(BIN)/python -m authoring.handout

site: $(SITE) ## build the site into site/: some minutes
	@echo "Building the site into site/."
	@$(BIN)/python -m website.build

serve: $(SITE) ## serve site/ on this machine only
	@echo "Serving site/ on http://127.0.0.1:8000/. Ctrl-C here ends it."
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory site 8000

test: $(DEV) ## run every test, the notebooks and the linters included
	@echo "Running the tests: a few minutes on two cores."
	@$(BIN)/$(PYTEST)

# Old versions warn about their own newer dependencies, so here warnings are no errors. uv alone can choose them.
lowest: ## run every test with the oldest versions that pyproject.toml allows; needs uv
	@echo "Installing the oldest versions into .venv-lowest, then running the tests: some minutes."
	@uv venv --quiet --allow-existing --python 3.11 .venv-lowest
	@uv pip install --quiet --python .venv-lowest/bin/python --resolution lowest-direct -e '.[course,logs,dev]'
	@.venv-lowest/bin/$(PYTEST) -o filterwarnings=default

notebooks: $(DEV) ## build the notebooks from authoring/source
	@echo "Building and running the notebooks."
	@$(BIN)/python -m authoring.build

release: $(MARKS) ## make an nbgrader course of the notebooks in DIR (default: build/marks)
	@$(BIN)/python -m authoring.release $(or $(DIR),build/marks)

lint: $(DEV) ## run ruff, mypy and import-linter
	@echo "Linting."
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(DEV) ## measure what the design promises; BASE=DIR: beside another checkout; LAB=5000: the lab, with so many machines
	@echo "Measuring: leave the machine alone meanwhile."
	@$(if $(LAB),$(BIN)/python -m benchmarks.lab_latency; $(BIN)/python -m benchmarks.lab_hand $(LAB),\
		$(BIN)/python -m benchmarks.bench $(if $(BASE),--base $(BASE)))

$(BIN)/python:
	@echo "Making .venv."
	@for name in python3 python3.14 python3.13 python3.12 python3.11; do \
		$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && python=$$name && break; \
	done; \
	if [ -z "$$python" ]; then \
		echo "oomlab needs Python 3.11 or newer: install one, for example with: apt install python3.11 python3.11-venv"; exit 1; \
	elif uv --version >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python "$$python" .venv; \
	elif $$python -c 'import ensurepip, venv' 2>/dev/null; then \
		$$python -m venv .venv; \
	else \
		echo "$$python has no venv module: install it, for example with: apt install python3-venv"; exit 1; \
	fi

$(COURSE): $(PINS) | $(BIN)/python
	@echo "Installing the course into .venv: a few seconds with uv, about a minute with pip."
	@$(call install,course$(,)logs)
	@touch $@

$(DEV): $(PINS) | $(BIN)/python
	@echo "Installing the course and what its tests need into .venv: a few seconds with uv, a minute or two with pip."
	@$(call install,course$(,)logs$(,)dev)
	@touch $(COURSE) $@

$(MARKS): $(PINS) | $(BIN)/python
	@echo "Installing the course and nbgrader into .venv: a minute or two."
	@$(call install,course$(,)logs$(,)dev$(,)marks)
	@touch $(COURSE) $(DEV) $@

$(SITE): $(PINS) website/package.json | $(BIN)/python
	@echo "Installing what the site is built with into .venv and website/node_modules: a minute or two."
	@$(call install,course$(,)logs$(,)site)
	@cd website && PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --no-package-lock --no-audit --no-fund --ignore-scripts
	@touch $(COURSE) $@

, := ,
install = if uv --version >/dev/null 2>&1; \
	then uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[$(1)]'; \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(1)]'; fi
