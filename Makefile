# The habits of this project, one target each; CI runs the same ones. `make` alone lists them.
#
# generate, test, bench and demo need nothing but Go; lint wants Node as well for one of its
# linters, and test-interop test-browser cannot do without. Works with GNU make 3.81 and any POSIX shell.

GO           ?= go
NPM          ?= npm
# Executions, not seconds: a deadline can fail a fuzz run that found nothing (go.dev/issue/75804, Go 1.26).
FUZZTIME     ?= 20000x
BENCHFLAGS   ?=
CHAOSFLAGS   ?=
# The slowest package finishes in seconds; a test that hangs should say so long before CI gives up.
# Four packages at a time, since some wait more than they compute.
TESTFLAGS    ?= -timeout 5m -p 4

# The nested modules, which the root never imports; make test enters those that need no more than Go and little time.
MODULES = tests/otel tests/browser wrapper/scale
TESTED  = tests/otel

# Run by version, not required in go.mod: what lints this module is no cost to its users.
GOLANGCI_AT    = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
OASDIFF_AT     = github.com/oasdiff/oasdiff@v1.37.0
ACTIONLINT_AT  = github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
GOVULNCHECK_AT = golang.org/x/vuln/cmd/govulncheck@v1.9.0
GOLANGCI = $(GO) run $(GOLANGCI_AT)
OASDIFF  = $(GO) run $(OASDIFF_AT)

# --ignore-scripts: no package needs its install script, and none gets to run one.
NPM_CI = $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error

.DEFAULT_GOAL := help
.PHONY: help generate build demo demo-live test test-outbox test-postgres test-interop test-browser fuzz bench lint lint-go lint-generated lint-spec lint-workflows record spec-diff drift outdated vulnerable

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

generate: ## make gen/ from the documents in spec/
	$(GO) generate ./...

build: ## build the command: bin/pdchannels
	$(GO) build -o bin/pdchannels ./cmd/pdchannels

demo: ## run the main job against the emulator: install, history, messages, a reply, errors, uninstall
	@$(GO) run ./cmd/pdchannels demo

demo-live: ## run a customer's phone and the Messaging inbox, to write to and fro in a browser
	@$(GO) run ./cmd/pdchannels demo --live

test: ## run every test; with the race detector where a C compiler is (CI insists on one)
	@race=; \
	if [ "$$($(GO) env CGO_ENABLED)" = 1 ]; then race=-race; \
	elif [ "$$CI" = true ]; then echo "make test: no C compiler found, and CI runs the race detector: install gcc" >&2; exit 1; \
	else echo "make test: no C compiler found, so this run is without the race detector"; fi; \
	set -ex; $(GO) test $$race $(TESTFLAGS) ./...; for m in $(TESTED); do (cd $$m && $(GO) test $$race $(TESTFLAGS) ./...); done

test-outbox: ## test the outbox on SQLite
	cd wrapper/scale && $(GO) test $(TESTFLAGS) ./...

test-postgres: ## test the outbox and the store on a private Postgres (needs Debian's package postgresql, or initdb on the PATH)
	cd wrapper/scale && $(GO) test -tags postgres $(TESTFLAGS) ./...

.PHONY: chaos bench-outbox
chaos: ## kill and stop processes of the outbox, take its database away, race its wake-ups (15 minutes; CHAOSFLAGS='-messages 2000 -minutes 0.5')
	cd wrapper/scale && $(GO) test -tags chaos -count=1 -timeout 60m -v ./tests/chaos -args $(CHAOSFLAGS)

bench-outbox: ## measure the outbox beside bare INSERTs and Deliver alone (BENCHFLAGS='-only append'; needs Postgres)
	cd wrapper/scale && $(GO) run ./tests/bench $(BENCHFLAGS)

test-interop: tests/interop/node_modules/.package-lock.json ## run clients and mocks written by others against ours (needs Node 18.20 or later)
	$(GO) test -tags interop -count=1 $(TESTFLAGS) ./tests/interop ./tests/consumer

test-browser: tests/browser/node_modules/.package-lock.json ## drive the pages in Chromium (needs Debian's chromium, or CHROMIUM=…, and Node); pictures land in tests/browser/shots
	cd tests/browser && $(GO) test -count=1 -parallel 2 $(TESTFLAGS) ./...

fuzz: ## fuzz each target FUZZTIME (20000x) times
	@found=$$($(GO) test -list '^Fuzz' ./...) || { echo "$$found"; exit 1; }; \
	echo "$$found" | awk '/^Fuzz/ { target[++n] = $$1 } /^ok/ { for (i = 1; i <= n; i++) print $$2, target[i]; n = 0 }' | \
	while read -r package target; do \
		echo "$$package $$target"; \
		$(GO) test "$$package" -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) || exit 1; \
	done

bench: ## measure cost and goodput beside net/http by hand, in two minutes (BENCHFLAGS='-benchtime 300x -bench ReceiveMessage')
	$(GO) test ./tests/bench -v -run '^TestGoodput$$' -bench . -benchtime 30x $(BENCHFLAGS)

lint: lint-go lint-generated lint-spec lint-workflows ## check format, code, modules, documents, and that gen/ is fresh

lint-go:
	@out=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	[ -z "$$out" ] || { echo "make lint: not formatted, run gofmt -w on:"; echo "$$out"; exit 1; } >&2
	$(GO) vet -tags interop ./tests/interop
	@set -ex; for m in . $(MODULES); do (cd $$m && $(GO) vet ./... && $(GO) mod tidy -diff && $(GOLANGCI) run ./...); done

lint-generated:
	@GO="$(GO)" sh spec/lint/fresh.sh

lint-spec:
	$(GO) test ./spec
	@if command -v $(NPM) >/dev/null; then NPM_CI="$(NPM_CI)" sh spec/lint/spectral.sh; \
	elif [ "$$CI" = true ]; then echo "make lint: no npm found, and CI lints the documents with it: install Node" >&2; exit 1; \
	else echo "make lint: no npm found, so Spectral did not lint the documents; the rest is done"; fi

lint-workflows:
	$(GO) run $(ACTIONLINT_AT)

record: ## record exchanges with a real API into tests/recordings: BASE_URL=… (with PIPEDRIVE_ACCESS_TOKEN)
	@[ -n "$(BASE_URL)" ] || { echo "make record: say where: make record BASE_URL=https://company.pipedrive.com/api/v1" >&2; exit 2; }
	$(GO) test ./tests/contract -count=1 -v -run '^TestRecord$$' -args -record -base-url "$(BASE_URL)"

spec-diff: ## say what changed in the documents since BASE=<revision>; fails if a change is breaking
	@OASDIFF="$(OASDIFF)" sh spec/lint/diff.sh "$(BASE)"

drift: ## compare spec/channels.yaml with the vendor's newest npm package, or with URL=<an OpenAPI document>
	@GO="$(GO)" NPM="$(NPM)" OASDIFF="$(OASDIFF)" sh spec/lint/drift.sh "$(URL)"

outdated: ## say which dependencies and tools are behind
	@GO="$(GO)" NPM="$(NPM)" TOOLS="$(GOLANGCI_AT) $(OASDIFF_AT) $(ACTIONLINT_AT) $(GOVULNCHECK_AT)" sh spec/lint/outdated.sh

vulnerable: ## look for known vulnerabilities in what the code calls
	$(GO) run $(GOVULNCHECK_AT) ./...

tests/%/node_modules/.package-lock.json: tests/%/package-lock.json
	@command -v $(NPM) >/dev/null || { echo "make: no npm found: install Node 18.20 or later" >&2; exit 1; }
	cd tests/$* && $(NPM_CI)
	@touch $@
