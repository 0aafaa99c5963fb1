# What one does with the project. Go 1.26, Node 20 with npm, and make are all
# that is needed.
#
#   make run     build, and serve a page with the bundled incidents, diagnosed
#   make test    run every test
#   make test-browser  the tests that need a Chromium alone
#   make test-all  the tests, and those against servers that are slow to get: IoTDB, Loki, Jaeger, Elasticsearch, Kubernetes ...
#   make check   formatting, vet, lint and the tests under the race detector
#   make bench   the speeds and the memory that the project promises
#   make results  docs/results.md: the engine's figures on the public data sets
#   make bench-service  what the service promises under load
#   make build   ./bin/triagent, with the page in it
#   make vet     go vet
#   make page    the page alone, into web/dist
#   make screens the pictures in docs/screens
#
# What is built from Go has the page in it: every target builds it first where
# its sources changed.

GO  ?= go
NPM ?= npm

# Tools of `make check`, built from source at these versions.
LINT_VERSION    := v2.15.0
GOFUMPT_VERSION := v0.12.0
LINT            := bin/tools/golangci-lint-$(LINT_VERSION)/golangci-lint
GOFUMPT         := bin/tools/gofumpt-$(GOFUMPT_VERSION)/gofumpt

PAGE    := web/dist/index.html
MODULES := web/node_modules/.package-lock.json
PAGE_SOURCES := $(filter-out web/web.go,$(wildcard web/*.*)) $(shell find web/src web/public -type f 2>/dev/null)

export CGO_ENABLED := 0

.DEFAULT_GOAL := build
.PHONY: build run page vet test test-all test-go test-page test-browser screens check bench results bench-service clean

build: $(PAGE)
	@test -e bin/triagent || echo "building the program, which takes a few minutes the first time ..."
	@$(GO) build -o bin/triagent ./cmd/triagent

run: build
	@bin/triagent demo

page: $(PAGE)

vet: $(PAGE)
	$(GO) vet ./...

test: test-page test-go test-browser

test-go: $(PAGE)
	@$(GO) test ./...

# The servers are fetched or built once, into a cache, which takes a while.
test-all: test
	@$(GO) run ./lab/servers/get
	@TRIAGENT_TEST_ALL=1 $(GO) test -p 1 -timeout 120m ./connectors/... ./lab/...

test-page: $(MODULES)
	@cd web && $(NPM) test --silent

# Without a Chromium they are skipped, and say so.
test-browser: build
	@cd web && node --test --test-timeout=600000 e2e/*.test.js

SCREENS := bin/screens

screens: build
	@rm -rf $(SCREENS) && mkdir -p $(SCREENS)
	@cd web && SCREENS=$(abspath $(SCREENS)) node --test --test-timeout=600000 e2e/looks.test.js
	@cd $(SCREENS) && node $(CURDIR)/web/e2e/shrink.js $(CURDIR)/docs/screens \
		$$(ls *-wide-light-en.png *-phone-dark-zh.png incident-*.png incidents-*.png inconclusive-*.png | sort -u)

check: $(PAGE) $(GOFUMPT) $(LINT)
	@out=$$($(GOFUMPT) -l $$(git ls-files '*.go')) && test -z "$$out" || { echo "not gofumpt-clean:"; echo "$$out"; exit 1; }
	$(GO) vet ./...
	$(LINT) run ./...
	cd web && $(NPM) run --silent lint
	cd web && $(NPM) test --silent
	CGO_ENABLED=1 $(GO) test -race ./...

bench: build
	@GO="$(GO)" sh bench/run.sh

results: build
	@sh bench/results.sh

bench-service: build
	@GO="$(GO)" sh bench/service.sh

clean:
	rm -rf bin reports web/node_modules
	find web/dist -mindepth 1 ! -name .gitkeep -delete

$(PAGE): $(PAGE_SOURCES) $(MODULES)
	@echo "building the page ..."
	@cd web && $(NPM) run --silent build
	@touch $@

$(MODULES): web/package.json web/package-lock.json
	@command -v $(NPM) >/dev/null || { echo "npm is missing: install Node 20 or newer, which brings it"; exit 1; }
	@echo "installing what the page is built with ..."
	@cd web && $(NPM) ci --silent
	@touch $@

$(LINT):
	GOBIN=$(abspath $(dir $@)) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

$(GOFUMPT):
	GOBIN=$(abspath $(dir $@)) $(GO) install mvdan.cc/gofumpt@$(GOFUMPT_VERSION)
