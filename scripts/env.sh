# shellcheck shell=bash
# Sourced by run.sh and test.sh: the project's own tools before others, and cargo where rustup puts it.
PATH="$PWD/vendor/tools/bin:$PATH"
command -v cargo >/dev/null || PATH="${HOME:-/root}/.cargo/bin:$PATH"
export PATH
