# Every target does its own set-up, so that one command works on a fresh machine.
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

VERSION := $(shell sed -n 's/^  "version": "\(.*\)",/\1/p' package.json)

# Packages of a release need parts that apt brings; without it the tests of them are skipped.
RELEASE := $(shell command -v apt-get >/dev/null && echo release)

.PHONY: setup setup-test build release demo docs lint format test ok soak bench clean

# Node 24 comes with the packages; everything below runs on it, whatever the host has.
setup: node_modules/.installed

node_modules/.installed: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@node -e 'if (!process.version.startsWith("v24.")) { console.error("Node 24 from node_modules is not first on PATH: " + process.version); process.exit(1) }'
	@touch $@

# What the tests need beside Node: real registries and an independent client. As root on Debian they are installed.
setup-test: setup
	@bash tools/install-test-tools.sh

build: setup
	node tools/build.ts

# The files of a release and the package for npm; without IMAGESYNC_SIGNING_KEY unsigned. The tests install them.
release: setup
	node tools/release.ts

demo: build
	./dist/imagesync demo

# The provider's pages for the Terraform Registry, from its schema, templates/ and examples/; a test compares them.
docs: setup
	node tools/docs.ts

lint: setup
	npm run --silent lint

format: setup
	oxfmt .

test: setup-test build $(RELEASE)
	vitest run

ok: lint test

soak: setup-test build $(RELEASE)
	IMAGESYNC_SOAK=1 vitest run

bench: setup-test build
	node bench/main.ts

clean:
	rm -rf dist coverage .cache
