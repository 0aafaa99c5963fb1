# What one does with the project. Go 1.26 and make are all that is needed.
#
#   make run     build, diagnose the bundled incidents, write HTML reports to ./reports
#   make test    run every test
#   make check   formatting, vet, lint and the tests under the race detector
#   make bench   the speeds and the memory that the project promises
#   make build   ./bin/triagent

GO ?= go

# Tools of `make check`, built from source at these versions.
LINT_VERSION    := v2.15.0
GOFUMPT_VERSION := v0.12.0
LINT            := bin/tools/golangci-lint-$(LINT_VERSION)/golangci-lint
GOFUMPT         := bin/tools/gofumpt-$(GOFUMPT_VERSION)/gofumpt

export CGO_ENABLED := 0

.DEFAULT_GOAL := build
.PHONY: build run test check bench clean

build:
	@$(GO) build -trimpath -o bin/triagent ./cmd/triagent

run: build
	@bin/triagent diagnose --bundled --format table --reports reports

test:
	@$(GO) test ./...

check: $(GOFUMPT) $(LINT)
	@out=$$($(GOFUMPT) -l .) && test -z "$$out" || { echo "not gofumpt-clean:"; echo "$$out"; exit 1; }
	$(GO) vet ./...
	$(LINT) run ./...
	CGO_ENABLED=1 $(GO) test -race ./...

bench: build
	@GO="$(GO)" sh bench/run.sh

clean:
	rm -rf bin reports

$(LINT):
	GOBIN=$(abspath $(dir $@)) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

$(GOFUMPT):
	GOBIN=$(abspath $(dir $@)) $(GO) install mvdan.cc/gofumpt@$(GOFUMPT_VERSION)
