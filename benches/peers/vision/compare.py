"""Compares what Majlis saw (benches/vision.rs) with OpenCV and ONNX Runtime in Python on the same pictures.

compare.py FOLDER MODELS: FOLDER holds majlis.json and the aligned faces; exits with 1 if a box or an embedding differs.
"""

import json
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
import cv2
import numpy as np
import onnxruntime as ort

LEAST_OVERLAP = 0.98
LEAST_COSINE = 0.999
MOST_OF_OPENCV = 0.55
MOST_MS = 11.5
WARM_UP, RUNS = 10, 50
TEMPLATE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])
MEAN, SCALE = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])


def overlap(a, b):
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def median(work):
    times = []
    for run in range(WARM_UP + RUNS):
        start = time.thread_time()
        work()
        if run >= WARM_UP:
            times.append((time.thread_time() - start) * 1e3)
    return sorted(times)[RUNS // 2]


def align(picture, landmarks):
    matrix, _ = cv2.estimateAffinePartial2D(
        landmarks.astype(np.float32), TEMPLATE.astype(np.float32), method=cv2.RANSAC, ransacReprojThreshold=100)
    return cv2.warpAffine(picture, matrix, (112, 112))


def main():
    folder, models = sys.argv[1:3]
    cv2.setNumThreads(1)
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    recogniser = f"{models}/mobilefacenet_128.onnx"
    session = ort.InferenceSession(recogniser, options, providers=["CPUExecutionProvider"])
    net = cv2.dnn.readNetFromONNX(recogniser)
    detector = cv2.FaceDetectorYN.create(f"{models}/face_detection_yunet_2026may.onnx", "", (320, 320), 0.6, 0.3, 5000)

    def tensor(crop):
        rgb = (crop[:, :, ::-1].astype(np.float32) - MEAN) / SCALE
        return np.ascontiguousarray(rgb.transpose(2, 0, 1)[None].astype(np.float32))

    def embed(crop):
        return session.run(None, {session.get_inputs()[0].name: tensor(crop)})[0].ravel()

    def embed_opencv(crop):
        net.setInput(tensor(crop))
        return net.forward()

    def detect(picture):
        detector.setInputSize(picture.shape[1::-1])
        faces = detector.detect(picture)[1]
        return np.zeros((0, 15), np.float32) if faces is None else faces

    ours = json.load(open(f"{folder}/majlis.json"))
    overlaps, cosines, unmatched, picture = [], [], 0, None
    for number, seen in enumerate(ours["pictures"]):
        picture = cv2.imread(seen["picture"])
        if max(picture.shape[:2]) > 640:
            scale = 640 / max(picture.shape[:2])
            size = [round(side * scale) for side in picture.shape[1::-1]]
            factors = np.array([picture.shape[1] / size[0], picture.shape[0] / size[1]] * 2)
            theirs = detect(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))[:, :4] * factors
        else:
            theirs = detect(picture)[:, :4]
        unmatched += abs(len(theirs) - len(seen["boxes"]))
        for box in theirs:
            overlaps.append(max((overlap(box, other) for other in seen["boxes"]), default=0.0))
        if seen["embedding"] is not None:
            reference = embed(cv2.imread(f"{folder}/{number}.png"))
            cosines.append(float(reference @ np.array(seen["embedding"]) / np.linalg.norm(reference)))

    picture = cv2.resize(picture, (640, 480))
    face = detect(picture)[0]
    crop = align(picture, face[4:14].reshape(5, 2))
    opencv = {
        "detect": median(lambda: detect(picture)),
        "align": median(lambda: align(picture, face[4:14].reshape(5, 2))),
        "embed": median(lambda: embed_opencv(crop)),
    }
    onnx_embed = median(lambda: embed(crop))
    times = ours["times_ms"]
    mine = sum(times[stage] for stage in opencv)
    other = sum(opencv.values())
    print(f"OpenCV {cv2.__version__}, ONNX Runtime {ort.__version__}, {len(ours['pictures'])} pictures\n")
    print("| what | found | must |\n|---|---|---|")
    print(f"| faces that only one side finds | {unmatched} | 0 |")
    print(f"| smallest overlap (IoU) of {len(overlaps)} boxes | {min(overlaps):.5f} | {LEAST_OVERLAP} |")
    print(f"| smallest cosine of {len(cosines)} embeddings on the same crop | {min(cosines):.6f} | {LEAST_COSINE} |")
    print(f"| detect + align + embed, ms | {mine:.2f} | {MOST_MS} |")
    print(f"| the same, in parts of OpenCV's {other:.2f} ms | {mine / other:.2f} | {MOST_OF_OPENCV} |")
    print(f"| memory that vision adds, MB | {ours['added_memory_mb']} | 150 |\n")
    print("| thread-CPU median, ms | Majlis | OpenCV | ONNX Runtime in Python |\n|---|---|---|---|")
    for stage in ["detect", "align", "embed", "refine", "liveness", "read"]:
        theirs = f"{opencv[stage]:.2f}" if stage in opencv else "-"
        python = f"{onnx_embed:.2f}" if stage == "embed" else "-"
        print(f"| {stage} | {times[stage]:.2f} | {theirs} | {python} |")
    is_alike = unmatched == 0 and min(overlaps) >= LEAST_OVERLAP and min(cosines) >= LEAST_COSINE
    sys.exit(0 if is_alike else 1)


main()
