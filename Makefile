# The table of contents of everyday work. ARGS goes through: make demo ARGS=--yes
.PHONY: demo test check lint proof bench clean lock add schema reference table

demo: .venv/ready          # deliver the sample service to staging and production, on this machine
	@.venv/bin/python -m sandbox $(ARGS)

test: .venv/ready-dev      # every test that runs in minutes
	@.venv/bin/pytest $(ARGS)

check: lint test           # what a change has to pass

lint: .venv/ready-dev      # format, lint, types, import contracts
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

proof: .venv/ready-dev     # the slow proofs
	.venv/bin/pytest -m slow -n 0
	.venv/bin/python -m tests.proof --runs 500
	.venv/bin/python -m tests.crash --kills 200

bench: .venv/ready-dev     # ratios against a bare script; ARGS="start throughput" for some of them
	.venv/bin/python -m benchmarks $(ARGS)

clean:                     # everything that was made here, demo state included
	rm -rf .venv .slipway .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist

add: .venv/ready-dev       # make add NAME="package>=1.2": declare it, lock it, install it
	.venv/bin/uv add --frozen "$(NAME)"
	$(MAKE) lock

lock: .venv/ready-dev      # hashes for every Python from 3.11 on, no index addresses
	.venv/bin/uv pip compile $(LOCK) --group demo -o requirements.lock
	.venv/bin/uv pip compile $(LOCK) --group dev -o requirements-dev.lock

schema: .venv/ready        # services/service.schema.json, for editors
	.venv/bin/python -m slipway.schema > services/service.schema.json

reference: .venv/ready-dev  # docs/service-file.md, every key of a service file
	.venv/bin/python -m tests.service_reference

table: .venv/ready-dev      # the tests of each acceptance case, in docs/acceptance.md
	.venv/bin/python -m tests.acceptance_table

# jsonschema imports rfc3987-syntax wherever it is installed, at 1.5 s for each Python that starts; a
# checker of bills of materials asks for it, and can do without.
LOCK = --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes \
       --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
       --no-emit-package rfc3987-syntax --no-emit-package lark

.venv/ready: requirements.lock pyproject.toml
	@deployments/setup requirements.lock
	@touch $@

.venv/ready-dev: requirements-dev.lock pyproject.toml
	@deployments/setup requirements-dev.lock
	@touch .venv/ready $@
