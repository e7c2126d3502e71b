#!/usr/bin/env bash
# Installs what the tests use beside Node: docker-registry, skopeo, a proxy, nginx, a terminal, what packages are tried with,
# and Go with what Helm is made of, from Debian. terraform is not in Debian.
set -euo pipefail
missing=()
command -v docker-registry >/dev/null || missing+=(docker-registry)
command -v skopeo >/dev/null || missing+=(skopeo)
# A terminal for what is drawn on one.
command -v tmux >/dev/null || missing+=(tmux)
command -v openssl >/dev/null || missing+=(openssl)
command -v tinyproxy >/dev/null || missing+=(tinyproxy)
command -v nginx >/dev/null || missing+=(nginx-light)
# Packages are signed, started where there is nothing else, and started as on another processor.
command -v gpg >/dev/null || missing+=(gpg gpg-agent)
command -v busybox >/dev/null || missing+=(busybox-static)
command -v qemu-aarch64-static >/dev/null || missing+=(qemu-user-static)
# The Helm chart is rendered by what Helm consists of.
command -v go >/dev/null || missing+=(golang-go)
[ -d /usr/share/gocode/src/github.com/Masterminds/sprig ] || missing+=(golang-github-masterminds-sprig-dev)
[ -d /usr/share/gocode/src/sigs.k8s.io/yaml ] || missing+=(golang-k8s-sigs-yaml-dev)
# The benches read the peak memory of programs from it.
[ -x /usr/bin/time ] || missing+=(time)
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  else
    echo "These tools are missing, tests that need them are skipped: ${missing[*]}" >&2
    echo "On Debian: sudo apt-get install ${missing[*]}" >&2
  fi
fi
command -v terraform >/dev/null || echo "terraform is not on PATH, tests that need it are skipped" >&2
# Debian's is too old for what kustomizations are written in today.
command -v kubectl >/dev/null || echo "kubectl is not on PATH, tests that need it are skipped" >&2
[ "$(id -u)" = 0 ] || echo "Not root: tests that run packages and the image in a root directory of their own are skipped" >&2
