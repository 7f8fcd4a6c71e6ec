# Shared by all scripts: where things are and how they speak. Sourced; sets ROOT and VENV.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034
VENV="$ROOT/.venv"

step() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

fail() {
  printf '\033[31mError:\033[0m %s\n' "$*" >&2
  exit 1
}
