#!/usr/bin/env bash
# Makes a Debian 12 machine with a Rust toolchain ready to build, run and test Majlis. Does only what is missing: the
# second run takes well under two seconds. Needs the network only for what is neither installed nor in the cache
# (${MAJLIS_CACHE:-~/.cache/majlis}).
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "setup: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

packages=(
    # to build
    build-essential ca-certificates clang libasound2-dev libclang-dev libespeak-ng-dev libopencv-dev libpocketsphinx-dev
    libsphinxbase-dev mold pkg-config
    # to set up
    python3 python3-pip
    # to run: sound and speech
    espeak-ng-data libasound2-plugins pocketsphinx-en-us tzdata
    # to run: recordings of a camera
    ffmpeg
    # to run: the window, drawn by the processor where there is no graphics card
    libegl1 libgl1 libgl1-mesa-dri libgles2 libwayland-client0 libwayland-cursor0 libwayland-egl1 libx11-6 libx11-xcb1
    libxcursor1 libxi6 libxkbcommon-x11-0 libxkbcommon0 libxrandr2
    # to test
    espeak-ng flite imagemagick mesa-vulkan-drivers procps pulseaudio pulseaudio-utils sox xdotool xvfb
)

# To test: what runs a published MCP server. Where there is another Node than Debian's, Debian's would fight with it.
command -v node >/dev/null && command -v npm >/dev/null || packages+=(nodejs npm)

install_packages() {
    local installed missing=() as_root=()
    installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true)
    for package in "${packages[@]}"; do
        grep -qx "installed $package" <<<"$installed" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then
        command -v sudo >/dev/null || fail "as root, install: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    say "installing Debian packages: ${missing[*]}"
    mkdir -p vendor
    if ! { "${as_root[@]}" apt-get -q update && "${as_root[@]}" apt-get -q -y install --no-install-recommends "${missing[@]}"; } \
        >vendor/apt.log 2>&1; then
        tail -n 5 vendor/apt.log >&2
        fail "apt-get could not install them; is there a network? All it said is in vendor/apt.log"
    fi
}

# A Python that can read TOML (3.11) and has pip; Debian's own has both after install_packages.
find_python() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import tomllib, pip' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    fail "found no Python with pip from version 3.11 on; Debian 12's python3 and python3-pip are"
}

# Into the cache, so that another checkout need not download them again. The tags say for which Python and platform,
# so that every machine gets the very files whose sums are pinned; nothing of them is installed into a Python.
download_wheels() {
    local python=$1 wheels=$2 requirement name
    mkdir -p "$wheels"
    while read -r requirement; do
        name=${requirement%% *}
        name=${name//-/_}
        compgen -G "$wheels/${name/==/-}-*.whl" >/dev/null && continue
        say "downloading ${requirement%% *}"
        echo "$requirement" >"$wheels/requirement.$$"
        "$python" -m pip --disable-pip-version-check download --quiet --no-deps --only-binary=:all: --require-hashes \
            --implementation cp --python-version 3.11 --abi cp311 --abi none \
            --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform any \
            --dest "$wheels" --requirement "$wheels/requirement.$$" >&2 || {
            rm -f "$wheels/requirement.$$"
            fail "pip could not download ${requirement%% *}; is there a network? A wheel put into $wheels is taken as well"
        }
        rm -f "$wheels/requirement.$$"
    done < <(grep -v '^#' scripts/wheels.txt)
}

# The published MCP servers that tests/mcp_servers.rs talks to, each with its dependencies and a launcher, pinned by
# their sums, in a folder of their own: nothing is installed into a Python or for all of Node.
install_mcp_servers() {
    local stamp python place=vendor/mcp
    stamp=$(cat scripts/setup.sh scripts/mcp/* | sha256sum)
    [[ -f $place/stamp && "$(<$place/stamp)" == "$stamp" ]] && return
    for python in python3.11 python3 /usr/bin/python3; do
        "$python" -c 'import sys, pip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && break
        python=
    done
    [[ -n $python ]] || fail "found no Python 3.11 with pip; Debian 12's python3 and python3-pip are"
    python=$("$python" -c 'import sys; print(sys.executable)')
    say "installing MCP servers for the tests"
    rm -rf $place
    mkdir -p $place/node
    "$python" -m pip --disable-pip-version-check install --quiet --no-deps --only-binary=:all: --require-hashes \
        --root-user-action=ignore --target $place/python --requirement scripts/mcp/requirements.txt >&2 ||
        fail "pip could not install mcp-server-time; is there a network?"
    cp scripts/mcp/package.json scripts/mcp/package-lock.json $place/node/
    (cd $place/node && npm ci --silent --omit=dev --ignore-scripts --no-audit --no-fund >&2) ||
        fail "npm could not install server-everything; is there a network?"
    cat >$place/time <<END
#!/bin/sh
PYTHONPATH="\$(dirname "\$0")/python" exec "$python" -m mcp_server_time "\$@"
END
    cat >$place/everything <<END
#!/bin/sh
exec node "\$(dirname "\$0")/node/node_modules/@modelcontextprotocol/server-everything/dist/index.js" "\$@"
END
    chmod +x $place/time $place/everything
    echo "$stamp" >$place/stamp
}

# The stamp names the version of everything that says what to set up; vendor/files lists what must be there.
stamp() { cat scripts/setup.sh scripts/unpack.py scripts/wheels.txt models/manifest.toml | sha256sum; }

is_set_up() {
    [[ -f vendor/stamp && -f vendor/files && "$(<vendor/stamp)" == "$(stamp)" ]] || return 1
    local file
    while read -r file; do
        [[ -s "$file" ]] || return 1
    done <vendor/files
}

[[ "$(uname -sm)" == "Linux x86_64" ]] || fail "found $(uname -sm); the pinned libraries are for Linux x86_64"
command -v dpkg-query >/dev/null || fail "found no dpkg; this script sets up Debian 12"
command -v cargo >/dev/null || [[ -x "${HOME:-/root}/.cargo/bin/cargo" ]] || fail "found no cargo; install a Rust toolchain (1.95 or newer) first"

mkdir -p vendor
exec 9>vendor/lock
flock 9
install_packages
if ! is_set_up; then
    wheels=${MAJLIS_CACHE:-${HOME:-/root}/.cache/majlis}/wheels
    python=$(find_python)
    download_wheels "$python" "$wheels"
    "$python" scripts/unpack.py . "$wheels" >&2
    stamp >vendor/stamp
fi
install_mcp_servers
say "ready"
