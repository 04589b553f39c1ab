# shellcheck shell=bash
# What every script in this folder starts with: strict mode, the project's root as the current
# directory, and one place under cargo's target directory for all that is downloaded or built.

set -euo pipefail

# The shell expands $0, not BASH_SOURCE, in `bash -x vm/…` as well; a script is never sourced.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$root/$target ;; esac
# shellcheck disable=SC2034  # used by the scripts that read this file
cache=$target/vm

# The machine that programs are built and tested for: x86_64, or aarch64 with DUALQ_ARCH=aarch64, cross-built and emulated.
# shellcheck disable=SC2034
architecture=${DUALQ_ARCH:-x86_64}

# Progress goes to standard error: standard output carries results (a path, a test log).
say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
