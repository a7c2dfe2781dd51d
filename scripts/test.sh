#!/usr/bin/env bash
# Sets everything up and passes every test. Tests that need a display or a sound server start their own. Arguments go
# to `cargo nextest run`.
set -euo pipefail
cd "$(dirname "$0")/.."
./scripts/setup.sh
# shellcheck source=scripts/env.sh
source scripts/env.sh

step() { echo "test: $*" >&2; }

step "format"
cargo fmt --check
step "lints"
cargo clippy --locked --all-targets --quiet -- -D warnings
step "licences, bans, sources of dependencies"
cargo deny --log-level error check bans licenses sources
# The list of advisories lives on a git host that not every machine can reach, and changes without us: it warns only.
if timeout 60 cargo deny fetch db >/dev/null 2>&1; then
    step "advisories"
    cargo deny --log-level error check --disable-fetch advisories || step "advisories found; see above"
else
    step "advisories not checked: their list cannot be reached"
fi
step "examples in the documentation"
cargo test --locked --quiet --doc
step "tests"
cargo nextest run --locked "$@"
