#!/bin/sh
# Installs what Python packages cannot bring, where this runs as root on Debian; else names it in one line.
# usage: system-packages.sh build | browser
set -eu

missing=""
case "$1" in
  build)
    command -v c++ >/dev/null 2>&1 || missing="$missing g++"
    command -v git >/dev/null 2>&1 || missing="$missing git"
    python3 -c 'import ensurepip' >/dev/null 2>&1 || missing="$missing python3-venv"
    python3 -c 'import sysconfig, os, sys; sys.exit(not os.path.exists(sysconfig.get_paths()["include"] + "/Python.h"))' \
      2>/dev/null || missing="$missing python3-dev"
    ;;
  browser)
    command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
    ;;
  *)
    echo "usage: $0 build|browser" >&2
    exit 2
    ;;
esac
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing$missing"
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "please install:$missing    (on Debian: sudo apt-get install$missing)" >&2
  exit 1
fi
