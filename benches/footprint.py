#!/usr/bin/env python3
"""What the headless kiosk takes: time until it listens, processor in silence, memory in a conversation.

    benches/footprint.py                                # builds the release and measures it
    benches/footprint.py --binary target/debug/majlis   # measures that program

Microphone and speaker are a pipe fed in real time; the service is a scripted one on loopback, in this file; everything
ends by itself, after about two minutes. Needs Python 3.11 and espeak-ng, which scripts/setup.sh installs. Figures of
the same harness as the peers', where they can be compared: benches/peers.sh.
"""
import argparse
import array
import json
import math
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import threading
import time
import wave
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = pathlib.Path(__file__).resolve().parent.parent
RATE_HZ = 16_000
FRAME = RATE_HZ // 50  # 20 ms
NOISE_DBFS = -66.0
QUESTION = "What are your opening hours?"
ANSWER = "The pavilion is open from nine to six. On Friday it opens at two."


class Service(BaseHTTPRequestHandler):
    """An OpenAI-compatible service with the delays of the peers' harness."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.whole("application/json", json.dumps({"object": "list", "data": []}).encode())

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.endswith("/audio/transcriptions"):
            time.sleep(0.1)
            self.whole("application/json", json.dumps({"text": QUESTION}).encode())
        elif self.path.endswith("/chat/completions"):
            self.pieces("text/event-stream", self.tokens())
        else:
            self.pieces("audio/pcm", self.speech())

    def whole(self, kind, body):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def pieces(self, kind, pieces):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        try:
            for piece in pieces:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True  # the kiosk has no use for the rest

    @staticmethod
    def tokens():
        def chunk(delta, reason):
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            body = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "scripted", "choices": [choice]}
            return f"data: {json.dumps(body)}\n\n".encode()

        for index, word in enumerate(ANSWER.split(" ")):
            time.sleep(0.2 if index == 0 else 0.015)
            yield chunk({"content": word if index == 0 else " " + word}, None)
        yield chunk({}, "stop")
        yield b"data: [DONE]\n\n"

    @staticmethod
    def speech():
        time.sleep(0.1)
        tone = array.array("h", (round(8_000 * math.sin(math.tau * 440 * n / 24_000)) for n in range(960)))
        for _ in range(50):
            yield tone.tobytes()


class Kiosk:
    """A running kiosk with its microphone."""

    def __init__(self, binary, service, folder):
        command = [binary, "--config", ROOT / "kiosk.toml", "--set", f"paths.database={folder}/kiosk.sqlite"]
        if service:
            command += ["--set", f"cloud.base_url={service}"]
        began = time.monotonic()
        self.process = subprocess.Popen(
            [str(part) for part in command + ["run", "--headless", "--audio", "stdio"]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
        for line in self.process.stderr:
            if b'"ready"' in line:
                break
        else:
            raise SystemExit(f"footprint: the kiosk did not start (exit code {self.process.wait(10)})")
        self.start_s = time.monotonic() - began
        self.heard_bytes = 0
        for drain in (self.hear, self.process.stderr.read):
            threading.Thread(target=drain, daemon=True).start()
        self.noise = random.Random(11)
        self.fed_since, self.frames = time.monotonic(), 0

    def hear(self):
        while piece := os.read(self.process.stdout.fileno(), 65_536):
            self.heard_bytes += len(piece)

    def feed(self, samples):
        """Gives the microphone these samples over noise, in real time."""
        level = 32_768 * 10 ** (NOISE_DBFS / 20)
        for at in range(0, len(samples), FRAME):
            frame = array.array("h", (
                max(-32_768, min(32_767, round(sample + self.noise.gauss(0, level))))
                for sample in samples[at:at + FRAME]))
            self.frames += 1
            wait = self.fed_since + self.frames * FRAME / RATE_HZ - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            self.process.stdin.write(frame.tobytes())
            self.process.stdin.flush()

    def silence(self, seconds):
        self.feed([0] * round(seconds * RATE_HZ))

    def processor_s(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self, key):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) / 1024
        return math.nan

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def question(folder):
    """The visitor's question at 16 kHz."""
    path = folder / "question.wav"
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", path, QUESTION], check=True, timeout=20)
    with wave.open(str(path)) as file:
        rate_hz = file.getframerate()
        samples = array.array("h", file.readframes(file.getnframes()))
    step = rate_hz / RATE_HZ
    return [samples[round(n * step)] for n in range(int(len(samples) / step) - 1)]


def conversation(binary, service, folder, turns):
    """Resident memory at the end and at its peak, MB, after so many questions."""
    kiosk = Kiosk(binary, service, folder)
    asked = question(folder)
    kiosk.silence(3)
    for _ in range(turns):
        before = kiosk.heard_bytes
        kiosk.feed(asked)
        kiosk.silence(6)
        if kiosk.heard_bytes == before:
            raise SystemExit("footprint: a question was not answered; the figures would be those of another program")
    resident, peak = kiosk.memory_mb("VmRSS"), kiosk.memory_mb("VmHWM")
    kiosk.stop()
    return resident, peak


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--binary", type=pathlib.Path, help="the program to measure, instead of a fresh release build")
    options.add_argument("--starts", type=int, default=5, help="how often it is started")
    options.add_argument("--turns", type=int, default=4, help="questions of a conversation")
    options.add_argument("--settle", type=float, default=10, help="seconds before the processor is measured")
    options.add_argument("--quiet", type=float, default=30, help="seconds over which it is measured")
    arguments = options.parse_args()
    binary = arguments.binary
    if binary is None:
        subprocess.run(["cargo", "build", "--release", "--locked"], check=True, cwd=ROOT)
        binary = ROOT / "target/release/majlis"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    service = f"http://127.0.0.1:{server.server_port}/v1"

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        starts = []
        for _ in range(arguments.starts):
            kiosk = Kiosk(binary, service, folder)
            starts.append(kiosk.start_s)
            kiosk.stop()
        kiosk = Kiosk(binary, service, folder)
        kiosk.silence(arguments.settle)
        before = kiosk.processor_s()
        kiosk.silence(arguments.quiet)
        processor = 100 * (kiosk.processor_s() - before) / arguments.quiet
        kiosk.stop()
        cloud = conversation(binary, service, folder, arguments.turns)
        embedded = conversation(binary, None, folder, arguments.turns)
    load = os.getloadavg()[0]
    print(f"start until ready to listen, headless: {statistics.median(starts):.2f} s, median of {len(starts)} (asked 1.0)")
    print(f"processor in silence, headless: {processor:.1f} % of a core over {arguments.quiet:.0f} s (asked 3)")
    print(f"memory with a service: {cloud[0]:.0f} MB, {cloud[1]:.0f} at its peak (asked 120)")
    print(f"memory without any: {embedded[0]:.0f} MB, {embedded[1]:.0f} at its peak")
    print(f"load of the machine at the end: {load:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
