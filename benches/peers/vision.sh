#!/usr/bin/env bash
# Finds and reads the faces of the same pictures with Majlis and with Python (OpenCV's FaceDetectorYN, ONNX Runtime on
# the same files) in one run, and compares boxes, embeddings and thread-CPU times:
#
#     benches/peers/vision.sh PICTURE...            # YuNet s, the weights that OpenCV ships
#     PROFILE=dev benches/peers/vision.sh PICTURE...
#
# The last picture is the one that times are taken on, at 640 x 480. Everything is written to out/peers-vision.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ $# -eq 0 ]; then
    echo "vision.sh: found no picture; allowed: one or more files with faces" >&2
    exit 2
fi
pictures=()
for picture in "$@"; do pictures+=("$(realpath "$picture")"); done
out=$PWD/out/peers-vision
rm -rf "$out/crops"
mkdir -p "$out/crops"
if [ ! -x "$out/venv/bin/python" ]; then
    python3 -m venv "$out/venv"
    "$out/venv/bin/pip" install -q -r benches/peers/vision/requirements.txt
fi
models=${MAJLIS_MODELS:-../shared/models}
cargo bench --profile "${PROFILE:-bench}" --bench vision -- "$out/crops" yunet-s "${pictures[@]}"
"$out/venv/bin/python" benches/peers/vision/compare.py "$out/crops" "$models"
