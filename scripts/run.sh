#!/usr/bin/env bash
# Sets everything up, builds, and runs a whole visit without camera, microphone, screen, key or network.
# Without a screen the window opens on a virtual one. Arguments go to `majlis demo`.
set -euo pipefail
cd "$(dirname "$0")/.."
./scripts/setup.sh
# shellcheck source=scripts/env.sh
source scripts/env.sh
echo "run: building" >&2
cargo build --locked

if [ -z "${DISPLAY:-}" ] && [ -z "${WAYLAND_DISPLAY:-}" ]; then
    echo "run: no screen here; the window opens on a virtual one" >&2
    # Xvfb picks a free number and writes it down once it is ready.
    coproc XVFB { exec Xvfb -displayfd 1 -screen 0 1920x1920x24 -nolisten tcp 2>/dev/null; }
    # shellcheck disable=SC2154  # set by coproc
    trap 'kill "$XVFB_PID" 2>/dev/null || true' EXIT
    if ! read -r -t 20 number <&"${XVFB[0]}"; then
        echo "run: the virtual screen did not start within 20 s" >&2
        exit 1
    fi
    export DISPLAY=":$number"
fi
cargo run --locked --quiet -- demo "$@"
