#!/usr/bin/env bash
# Measures the kiosk in the harness of its peers (../shared/peers), in the same run as a peer where one is named:
#
#     benches/peers.sh                          # kiosk only: 20 turns, 19 interruptions, idle, start
#     benches/peers.sh livekit/fast-vad0.2      # and livekit-agents in that configuration, just before each of them
#     TURNS=5 benches/peers.sh                  # a quick look
#
# Everything is on loopback and stops by itself. Results: out/peers/results; the table is printed.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
harness=${PEERS:-../shared/peers}
turns=${TURNS:-20}
wait=${WAIT:-60}
if [ ! -f "$harness/run_bench.py" ]; then
    echo "peers: no harness in $harness; name its folder in PEERS" >&2
    exit 1
fi
cargo build --release --locked
work=$root/out/peers
mkdir -p "$work"
cp -r "$harness/." "$work/"
chmod -R u+w "$work"
cd "$work"
for name in mock "$@"; do
    name=${name%%/*}
    if [ ! -x "venv-$name/bin/python" ]; then
        python3 -m venv "venv-$name"
        "venv-$name/bin/pip" install -q -r "requirements-$name.lock"
    fi
done
[ -f input/truth.json ] || venv-mock/bin/python gen_input.py
# The silence that kiosk.toml asks for, so that the harness can tell our own share.
silence=$(sed -n 's/^transcribe_after_ms = \([0-9]*\).*/\1/p' "$root/kiosk.toml")
grep -q '("kiosk", "default")' run_bench.py || sed -i "s/^SILENCE = {/SILENCE = {(\"kiosk\", \"default\"): $silence, /" run_bench.py

kiosk="$root/target/release/majlis --config $root/kiosk.toml --set paths.database=$work/kiosk.sqlite run --headless --audio stdio --set cloud.base_url={base_url}"
bench=(venv-mock/bin/python run_bench.py)
for mode in v2v interrupt idle startup; do
    for peer in "$@"; do
        "${bench[@]}" one "${peer%%/*}" "${peer##*/}" "$mode" --turns "$turns" --idle 40 --wait "$wait"
    done
    "${bench[@]}" external kiosk default "$mode" --turns "$turns" --idle 40 --wait "$wait" \
        --cmd "venv-mock/bin/python peer_pipe.py --name kiosk --cmd '$kiosk'"
done
python3 - "$@" <<'PYTHON'
import json, sys
def row(peer, config):
    def load(mode):
        try:
            return json.load(open(f"results/{peer}__{config}__{mode}__r1.json"))
        except FileNotFoundError:
            return {}
    v, i, idle, start = load("v2v"), load("interrupt"), load("idle"), load("startup")
    pair = lambda s: f"{s['median']} / {s['p95']}" if s and s.get("median") is not None else "-"
    held = sum(1 for t in v.get("turns", []) if (t["v2v_ms"] or 0) > 2000)
    n = max(1, len(v.get("turns", [])))
    print(f"| {peer} {config} | {pair(v.get('v2v_ms'))} | {held} | {pair(v.get('overhead_ms'))} | "
          f"{v.get('extra_stt', 0) / n:.2f}, {v.get('extra_llm', 0) / n:.2f} | {pair(i.get('stop_ms'))} | "
          f"{start.get('startup_s', '-')} | {v.get('peak_rss_mb', '-')} | {idle.get('cpu_pct_mean', '-')} |")
print("| | end of speech → sound, ms, median / p95 | held > 2 s | own share, ms | thrown a turn (transcriptions, answers) "
      "| speech over reply → stop, ms | start, s | peak memory, MB | CPU in silence, % (with start) |")
print("|---|---|---|---|---|---|---|---|---|")
for peer in sys.argv[1:]:
    row(*peer.split("/"))
row("kiosk", "default")
PYTHON
