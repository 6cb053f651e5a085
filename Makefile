# Only installs and calls: what the demo does is in scripts/demo/, what is checked in tests/.
# A stamp in each environment says that it is complete, and for which files.

PYTHON ?= python3.11
# A module is compiled when it is first imported, as most never are.
PIP := -m pip install --quiet --quiet --no-input --no-compile

TAP := .venv/.tap-installed
TESTS := .venv/.tests-installed
MELTANO := .venv-meltano/.meltano-installed
PLUGINS := .meltano/.plugins-installed
MUTANTS := .venv-mutants/.mutmut-installed
ORCHESTRATE := .venv-orchestrate/.dagster-installed
SALESFORCE := .venv-salesforce/.salesforce-installed
VENDOR := .venv-vendor/.sdk-installed
DBT := .venv-dbt/.dbt-installed
SDK_NEXT := .venv-sdk-next/.tests-installed
RELEASE := .venv-release/.tools-installed
# An environment for each PYTHON, beside that of PYTHON's default.
OTHER := .venv-$(notdir $(PYTHON))/.tests-installed
TARGETS := $(patsubst tests/targets/%.txt,.venv-target-%/.installed,$(wildcard tests/targets/*.txt))
INSTALL := scripts/installing.py
REPORT := .venv-report/.report-installed
REPORT_TESTS := .venv-report/.tests-installed

# The branch coverage of tap_genesys without the simulator, in percent, as `make coverage` prints it.
# It only rises.
COVERAGE := 98.2

export MELTANO_CLI_DISABLE_VERSION_CHECK := 1
# Programs that are started hundreds of times are compiled once, whatever the environment says.
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo report check check-ruff check-mypy check-github check-tests test test-integration \
  coverage test-models \
  test-models-duckdb test-models-postgres test-orchestrate \
  test-python test-sdk-next salesforce test-salesforce test-targets test-report \
  search mutants bench lint stream schemas dist clean installed

help:
	@echo "make demo   load a simulated org into DuckDB; a second time, what is new; PAGE=no without a page"
	@echo "make report DATABASE=...   a page of the marts in a DuckDB file or at a PostgreSQL URL"
	@echo "make check  lint, types and the quick tests, in a minute on two cores"
	@echo "make test   lint, types and the tests that need no other program"
	@echo "make test-integration  Meltano and its loaders into DuckDB and PostgreSQL; the vendor's SDK"
	@echo "make coverage  all tests, with the branch coverage; fails where it falls"
	@echo "make lint   lint, types and workflows only"
	@echo "make test-models  the dbt package in DuckDB and PostgreSQL, against the simulated org"
	@echo "make test-models-duckdb  the same in DuckDB alone, where it is installed"
	@echo "make test-models-postgres  the same in PostgreSQL alone"
	@echo "make test-orchestrate   with Dagster: history by several workers, and models after a load"
	@echo "make test-python PYTHON=python3.13   the tests with another Python, without Meltano"
	@echo "make test-sdk-next   the tests with the next singer-sdk, without Meltano"
	@echo "make salesforce   install what python -m salesforce needs"
	@echo "make test-salesforce   daily metrics into a Salesforce org on 127.0.0.1"
	@echo "make test-targets   two loads into each Singer target, compared value by value"
	@echo "make test-report   the page, in DuckDB, PostgreSQL and a browser"
	@echo "make search fresh schedules of runs against the laws, in 10 minutes at most"
	@echo "make mutants  small changes of the modules of time and state, which the tests should see; hours"
	@echo "make bench  what it costs, beside what else there is, in 20 minutes; BENCH_QUICK=1 in 2"
	@echo "make stream OPERATION=\"GET /api/v2/...\" DOCUMENT=swagger.json   declare one more stream"
	@echo "make schemas DOCUMENT=swagger.json   follow a newer document of the vendor's"
	@echo "make dist   the sdist and the wheel in dist/, and the SBOM in sbom/"
	@echo "make clean  remove what the others made"

demo:
	@$(MAKE) --no-print-directory --silent --jobs=2 $(TAP) $(PLUGINS) $(if $(filter no,$(PAGE)),,$(REPORT))
	@PAGE=$(PAGE) .venv/bin/python scripts/demo/run.py

# The four run side by side, and each reports even if another one fails.
check: $(TESTS)
	@$(MAKE) --no-print-directory --jobs=4 --output-sync --keep-going \
	  check-ruff check-mypy check-github check-tests

check-ruff:
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check

check-mypy:
	@.venv/bin/mypy

FORMS := $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))

# Workflows, issue forms and Dependabot's configuration, without a network.
check-github:
	@.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@.venv/bin/check-jsonschema --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
	@.venv/bin/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	@.venv/bin/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@.venv/bin/check-jsonschema --builtin-schema vendor.github-issue-forms $(FORMS)
	@.venv/bin/zizmor --offline --quiet --strict-collection --persona=pedantic --collect=all .github .pre-commit-config.yaml

# Without the tests of tests/support/quick.py; of the laws, the explicit examples.
check-tests:
	@LAW_EXAMPLES_ONLY=1 .venv/bin/python -m pytest -m "not slow" --quiet --numprocesses auto --dist worksteal

test:
	@$(MAKE) --no-print-directory --silent $(TESTS)
	@$(MAKE) --no-print-directory lint
	.venv/bin/python -m pytest -m "not integration" --numprocesses auto --dist worksteal

# Apart from `test`, which needs no program but Python and, if it is there, PostgreSQL.
test-integration:
	@$(MAKE) --no-print-directory --silent --jobs=2 $(TESTS) $(PLUGINS) $(VENDOR)
	REQUIRE_MELTANO=1 REQUIRE_VENDOR_SDK=1 .venv/bin/python -m pytest -m integration --numprocesses auto --dist worksteal

# Apart from `test`, since tracing makes it slower. Child processes are not measured.
coverage:
	@$(MAKE) --no-print-directory --silent --jobs=2 $(TESTS) $(PLUGINS) $(VENDOR)
	REQUIRE_MELTANO=1 REQUIRE_VENDOR_SDK=1 .venv/bin/python -m pytest --numprocesses auto --dist worksteal \
	  --cov --cov-report=term --cov-fail-under=$(COVERAGE)

# Without the programs of `test-integration`, which run on the first Python.
test-python: $(OTHER)
	$(dir $(OTHER))bin/python -m pytest -m "not integration" --numprocesses auto --dist worksteal

test-sdk-next: $(SDK_NEXT)
	.venv-sdk-next/bin/python -m pytest -m "not integration" --numprocesses auto --dist worksteal

# SCHEMA=... is that of the marts, OUTPUT=... the file that is written.
report: $(REPORT)
	@.venv-report/bin/python -m reporting "$(DATABASE)" --schema "$(or $(SCHEMA),marts)" \
	  --output "$(or $(OUTPUT),report.html)"

search: $(TESTS)
	@.venv/bin/python scripts/search.py

mutants: $(MUTANTS)
	@.venv-mutants/bin/python scripts/mutants.py

bench:
	@$(MAKE) --no-print-directory --silent --jobs=2 $(TAP) $(VENDOR)
	@.venv/bin/python bench/side_by_side.py

# NAME=... replaces the name that follows from the path.
stream: $(TAP)
	$(if $(DOCUMENT),,$(error DOCUMENT=... is missing: the path of the vendor's OpenAPI document))
	@.venv/bin/python scripts/new_stream.py "$(OPERATION)" "$(DOCUMENT)" --name "$(NAME)"

schemas: $(TESTS)
	$(if $(DOCUMENT),,$(error DOCUMENT=... is missing: the path of the vendor's OpenAPI document))
	@.venv/bin/python scripts/update_schemas.py "$(DOCUMENT)"
	@.venv/bin/python scripts/update_docs.py
	@.venv/bin/python scripts/update_plugin.py

# The SBOM lists an environment with nothing but the wheel and its dependencies.
dist: $(RELEASE)
	@rm -rf dist sbom .venv-dist
	@.venv-release/bin/python -m hatchling build
	@.venv-release/bin/python -m venv --without-pip .venv-dist
	@.venv-release/bin/python $(subst -m pip,-m pip --python .venv-dist/bin/python,$(PIP)) --constraint constraints.txt dist/*.whl
	@mkdir sbom
	@.venv-release/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
	  --output-file sbom/tap-genesys.cdx.json .venv-dist

# Apart from the rest: it takes Dagster with dbt, and minutes.
test-orchestrate:
	@$(MAKE) --no-print-directory --silent --jobs=2 $(TESTS) $(PLUGINS) $(ORCHESTRATE)
	REQUIRE_ORCHESTRATE=1 .venv/bin/python -m pytest tests/test_backfill.py tests/test_incremental.py

salesforce: $(SALESFORCE)

# Apart from the rest: it takes simple-salesforce and the clients of both databases.
test-salesforce:
	@$(MAKE) --no-print-directory --silent --jobs=2 $(TESTS) $(SALESFORCE)
	REQUIRE_SALESFORCE=1 .venv/bin/python -m pytest tests/test_salesforce_load.py

# Apart from the rest: an environment for each target.
test-targets:
	@$(MAKE) --no-print-directory --silent --jobs=2 $(TESTS) $(TARGETS)
	REQUIRE_TARGETS=1 .venv/bin/python -m pytest tests/test_targets.py

# Apart from the rest: it takes dbt, and minutes.
test-models:
	@$(MAKE) --no-print-directory --silent --jobs=2 $(TESTS) $(PLUGINS) $(DBT)
	@$(MAKE) --no-print-directory --jobs=2 --output-sync --keep-going test-models-duckdb test-models-postgres

test-models-duckdb:
	REQUIRE_DBT=1 .venv/bin/python -m pytest tests/test_models*.py -k "not postgres"

test-models-postgres:
	REQUIRE_DBT=1 .venv/bin/python -m pytest tests/test_models*.py -k postgres

# Apart from the rest: it takes dbt, and Chromium with its driver.
test-report:
	@$(MAKE) --no-print-directory --silent --jobs=2 $(TESTS) $(PLUGINS) $(DBT) $(REPORT_TESTS)
	REQUIRE_REPORT=1 .venv/bin/python -m pytest tests/test_report.py

lint: $(TESTS)
	@$(MAKE) --no-print-directory --jobs=3 --output-sync --keep-going check-ruff check-mypy check-github

clean:
	rm -rf .venv .venv-* .meltano .demo dist sbom .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A pip of constraints.txt comes first: that of Python 3.11 does not know dependency groups.
$(TAP): pyproject.toml constraints.txt
	@$(PYTHON) -m venv .venv
	@.venv/bin/python $(PIP) --constraint constraints.txt pip
	@$(PYTHON) $(INSTALL) "the tap into .venv" \
	  .venv/bin/python $(PIP) --constraint constraints.txt --editable .
	@touch $@

$(TESTS): $(TAP)
	@echo "Installing what the tests need into .venv ..."
	@.venv/bin/python $(PIP) --constraint constraints.txt --group test
	@touch $@

$(OTHER): pyproject.toml constraints.txt
	@echo "Installing the tap, and what the tests need, into $(@D) ..."
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python $(PIP) --constraint constraints.txt pip
	@$(@D)/bin/python $(PIP) --constraint constraints.txt --editable . --group test
	@touch $@

# pip remarks that the tap requires another one: that is what is tested.
$(SDK_NEXT): pyproject.toml constraints.txt
	@echo "Installing the tap with the next singer-sdk into .venv-sdk-next ..."
	@$(PYTHON) -m venv .venv-sdk-next
	@.venv-sdk-next/bin/python $(PIP) --constraint constraints.txt pip
	@.venv-sdk-next/bin/python $(PIP) --constraint constraints.txt --editable . --group test
	@.venv-sdk-next/bin/python $(PIP) --upgrade "singer-sdk[testing]>=0.55.0b7"
	@touch $@

$(RELEASE): constraints-release.txt
	@echo "Installing what builds a release into .venv-release ..."
	@$(PYTHON) -m venv .venv-release
	@.venv-release/bin/python $(PIP) --constraint constraints-release.txt pip
	@.venv-release/bin/python $(PIP) --constraint constraints-release.txt hatchling cyclonedx-bom
	@touch $@

$(MUTANTS): pyproject.toml constraints.txt
	@echo "Installing mutmut, and what the tests need, into .venv-mutants ..."
	@$(PYTHON) -m venv .venv-mutants
	@.venv-mutants/bin/python $(PIP) --constraint constraints.txt pip
	@.venv-mutants/bin/python $(PIP) --constraint constraints.txt --editable . --group test --group mutants
	@touch $@

$(VENDOR): constraints-vendor.txt
	@echo "Installing the vendor's SDK into .venv-vendor ..."
	@$(PYTHON) -m venv .venv-vendor
	@.venv-vendor/bin/python $(PIP) --constraint constraints-vendor.txt PureCloudPlatformClientV2
	@touch $@

$(DBT): constraints-dbt.txt pyproject.toml $(MELTANO)
	@echo "Installing dbt into .venv-dbt ..."
	@$(PYTHON) -m venv .venv-dbt
	@.venv-meltano/bin/uv pip install --quiet --python .venv-dbt/bin/python --compile-bytecode \
	  --constraint constraints-dbt.txt --group dbt
	@touch $@

# With the installer that Meltano brings; pip would do as well.
$(ORCHESTRATE): constraints-orchestrate.txt pyproject.toml $(MELTANO)
	@echo "Installing Dagster and dbt into .venv-orchestrate ..."
	@$(PYTHON) -m venv .venv-orchestrate
	@.venv-meltano/bin/uv pip install --quiet --python .venv-orchestrate/bin/python --compile-bytecode \
	  --constraint constraints-orchestrate.txt --group orchestrate
	@touch $@

$(SALESFORCE): constraints-salesforce.txt pyproject.toml
	@echo "Installing simple-salesforce into .venv-salesforce ..."
	@$(PYTHON) -m venv .venv-salesforce
	@.venv-salesforce/bin/python $(PIP) --constraint constraints.txt pip
	@.venv-salesforce/bin/python $(PIP) --constraint constraints-salesforce.txt --group salesforce
	@touch $@

.venv-target-%/.installed: tests/targets/%.txt $(MELTANO)
	@echo "Installing target-$* into $(@D) ..."
	@$(PYTHON) -m venv $(@D)
	@.venv-meltano/bin/uv pip sync --quiet --python $(@D)/bin/python --compile-bytecode $<
	@touch $@

$(REPORT): constraints-report.txt pyproject.toml $(MELTANO)
	@$(PYTHON) -m venv .venv-report
	@$(PYTHON) $(INSTALL) "what the page needs into .venv-report" \
	  .venv-meltano/bin/uv pip install --quiet --python .venv-report/bin/python --compile-bytecode \
	  --constraint constraints-report.txt --group report
	@touch $@

$(REPORT_TESTS): $(REPORT)
	@.venv-meltano/bin/uv pip install --quiet --python .venv-report/bin/python --compile-bytecode \
	  --constraint constraints-report.txt --group test-report
	@touch $@

$(MELTANO): constraints-meltano.txt
	@$(PYTHON) -m venv .venv-meltano
	@.venv-meltano/bin/python $(PIP) --constraint constraints-meltano.txt pip
	@$(PYTHON) $(INSTALL) "Meltano into .venv-meltano" \
	  .venv-meltano/bin/python $(PIP) --constraint constraints-meltano.txt meltano
	@touch $@

$(PLUGINS): $(MELTANO) meltano.yml pyproject.toml constraints.txt constraints-dbt.txt
	@mkdir -p .meltano
	@$(PYTHON) $(INSTALL) "Meltano's plugins" .venv-meltano/bin/meltano install
	@touch $@
