#!/usr/bin/env bash
# Sets everything up, builds, and runs a whole visit without camera, microphone, screen, key or network.
# Arguments go to `majlis demo`.
set -euo pipefail
cd "$(dirname "$0")/.."
./scripts/setup.sh
# shellcheck source=scripts/env.sh
source scripts/env.sh
echo "run: building" >&2
cargo build --locked
exec cargo run --locked --quiet -- demo "$@"
