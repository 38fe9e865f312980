# Short targets over Python tools; each one sets up .venv first (again only when the lock files changed).
PYTHON ?= python3
VENV := .venv/bin

.PHONY: run test check bench screenshots setup guide clean

run: setup
	@$(VENV)/nibble

test: setup
	@QT_QPA_PLATFORM=offscreen $(VENV)/python -m pytest

check: setup
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy
	@$(VENV)/lint-imports
	@$(VENV)/python packaging/limits.py

bench: setup
	@$(VENV)/python -m tests.benchmarks

screenshots: setup
	@QT_QPA_PLATFORM=offscreen $(VENV)/python -m tests.screenshots

setup:
	@$(PYTHON) packaging/environment.py

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
