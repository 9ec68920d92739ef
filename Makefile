# The few commands people type. meson does the work; this installs what is missing and calls it.
SHELL := /bin/bash

BUILD_PACKAGES := gcc meson ninja-build pkg-config python3 libc6-dev libisal-dev libzstd-dev liblzma-dev libssl-dev \
	libcurl4-openssl-dev libcjson-dev liblmdb-dev libseccomp-dev libyaml-dev libexpat1-dev libpcre2-dev libvectorscan-dev libyara-dev \
	libsodium-dev libp11-kit-dev
RUN_PACKAGES := libvectorscan5 libyara9 libcurl4 ca-certificates gpgv debian-archive-keyring mmdebstrap xz-utils
TEST_PACKAGES := libcmocka-dev python3-pytest python3-jsonschema libxml2-utils python3-yaml python3-apt binutils man-db \
	gnupg gpgv libdpkg-perl dpkg-dev debian-archive-keyring mmdebstrap xz-utils zstd rpm createrepo-c apache2-utils openssl curl docker-registry \
	node-semver ruby php-cli php-composer-semver default-jre-headless libmaven3-core-java python3-packaging libalpm13 \
	python3-six python3-pip ruby-webrick ruby-rubygems composer node-lru-cache node-yallist libguava-java libcommons-io-java libcommons-cli-java \
	skopeo umoci buildah podman crun conmon netavark uidmap fuse-overlayfs libfuse3-3 bash-completion fish zsh \
	softhsm2 opensc python3-cryptography
FULL_PACKAGES := clang clang-tidy clang-format libclang-rt-14-dev llvm-14 valgrind golang-go rustc $(if $(shell command -v npm),,npm)

# Real data for tests, where there is some.
DATA ?= $(wildcard $(abspath $(CURDIR)/../shared/data))
export LAZARET_TEST_DATA ?= $(DATA)

PREFIX ?= /usr/local
IMAGE ?=
SECONDS_EACH ?= 60

.PHONY: build run check check-full bench fuzz install format clean

define need
	@missing=; for p in $(1); do \
		dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null | grep -q '^installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
		echo "installing Debian packages:$$missing"; \
		if [ "$$(id -u)" = 0 ]; then as=; \
		elif command -v sudo >/dev/null; then as="sudo --preserve-env=DEBIAN_FRONTEND"; \
		else echo "cannot install: this needs root or sudo. Install them yourself: apt-get install$$missing" >&2; exit 1; fi; \
		export DEBIAN_FRONTEND=noninteractive; \
		$$as apt-get update -q >/dev/null && $$as apt-get install -qy --no-install-recommends $$missing >/dev/null || \
		{ echo "apt-get could not install:$$missing" >&2; exit 1; }; fi
endef

build:
	$(call need,$(BUILD_PACKAGES))
	@[ -f build/build.ninja ] || meson setup build >/dev/null
	@ninja -C build lazaret | tail -n 1

run:
	$(call need,$(BUILD_PACKAGES) $(RUN_PACKAGES))
	@$(MAKE) --no-print-directory build
	@tools/run-demo $(IMAGE)

check:
	$(call need,$(BUILD_PACKAGES) $(TEST_PACKAGES))
	@python3 tests/run.py

check-full:
	$(call need,$(BUILD_PACKAGES) $(TEST_PACKAGES) $(FULL_PACKAGES))
	@python3 tests/run.py --full

bench:
	$(call need,$(BUILD_PACKAGES) $(RUN_PACKAGES) openssl python3-cryptography)
	@bench/run

fuzz:
	$(call need,$(BUILD_PACKAGES) $(FULL_PACKAGES))
	@tools/fuzz $(SECONDS_EACH)

install: build
	@meson configure build --prefix=$(PREFIX) >/dev/null
	@ninja -C build lazaret | tail -n 1
	@meson install -C build --no-rebuild >/dev/null
	@install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	@build/lazaret completion bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/lazaret
	@build/lazaret completion zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_lazaret
	@build/lazaret completion fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/lazaret.fish

format:
	$(call need,clang-format)
	@git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf build build-asan build-clang build-tsan build-fuzz
