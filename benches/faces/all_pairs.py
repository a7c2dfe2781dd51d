"""How well people are told apart, on every pair of a folder's photographs: more than a list of some hundred pairs can tell.

    all_pairs.py pairs PAIRS.csv PICTURE...         writes every pair (`majlis eval faces --pairs PAIRS.csv --scores SCORES.csv`)
    all_pairs.py compare NAME=SCORES.csv ...        compares runs on the same pairs; the first is the reference

A picture is named after its person: `Some_Name_0003.jpg` is of `Some_Name`. People, not pairs, are what is drawn: they
are cut into ten folds, the threshold that is best without a fold's people is tried on every pair that has one of them,
and the intervals come from people drawn anew (with replacement), the same draws for every run. Balanced accuracy is the
mean of the same pairs accepted and of the different pairs refused. Needs numpy (requirements.txt).
"""

import csv
import itertools
import os
import re
import sys

import numpy as np

FOLDS, DRAWS, SEED = 10, 2000, 7


def person(path):
    return re.sub(r"_\d+\.\w+$", "", os.path.basename(path))


def write_pairs(target, pictures):
    folder = os.path.dirname(os.path.abspath(target))
    paths = sorted(os.path.relpath(picture, folder) for picture in pictures)
    with open(target, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["a", "b", "same"])
        for a, b in itertools.combinations(paths, 2):
            writer.writerow([a, b, int(person(a) == person(b))])


def read_scores(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return (
        [(row["a"], row["b"]) for row in rows],
        np.array([row["same"] == "1" for row in rows]),
        np.array([float(row["score"]) for row in rows]),
    )


def best_threshold(scores, same):
    """The threshold with the best balanced accuracy; of several, the middle one."""
    order = np.argsort(scores)
    ordered, is_same = scores[order], same[order]
    rejected_same = np.cumsum(is_same) / max(is_same.sum(), 1)
    rejected_other = np.cumsum(~is_same) / max((~is_same).sum(), 1)
    balanced = (1 - rejected_same + rejected_other) / 2
    best = np.flatnonzero(balanced >= balanced.max() - 1e-12)
    at = best[len(best) // 2]
    return (ordered[at] + ordered[min(at + 1, len(ordered) - 1)]) / 2


def accepted(scores, same, far):
    """Share of same pairs above all but `far` of the different ones."""
    others = np.sort(scores[~same])[::-1]
    return (scores[same] > others[int(far * len(others))]).mean()


class Run:
    """Errors of one run by the two people of a pair, each pair judged by a threshold that none of them had a say in."""

    def __init__(self, scores, same, first, second, people):
        folds = np.random.default_rng(SEED).permutation(people) % FOLDS
        self.people, self.thresholds = people, []
        shape = (people, people)
        self.wrong, self.count = np.zeros(shape), np.zeros(shape)
        for fold in range(FOLDS):
            is_tested = (folds[first] == fold) | (folds[second] == fold)
            threshold = best_threshold(scores[~is_tested], same[~is_tested])
            self.thresholds.append(threshold)
            wrong = (scores >= threshold) != same
            np.add.at(self.wrong, (first[is_tested], second[is_tested]), wrong[is_tested])
            np.add.at(self.count, (first[is_tested], second[is_tested]), 1)
        self.moments = [np.zeros(shape) for _ in range(3)]
        for power, matrix in enumerate(self.moments):
            np.add.at(matrix, (first, second), scores**power)
        self.tars = [accepted(scores, same, far) for far in (1e-2, 1e-3, 1e-4)]

    @staticmethod
    def sums(matrix, weights):
        """Over the same pairs and over the different ones, with every person counted `weights` times."""
        own = np.diag(matrix)
        return np.array([own @ weights, weights @ matrix @ weights - own @ weights**2])

    def errors(self, weights):
        """Same pairs refused and different pairs accepted."""
        return self.sums(self.wrong, weights) / self.sums(self.count, weights)

    def apart(self, weights):
        """d': how far the means of same and different pairs lie apart, in deviations (root of the mean of both squares)."""
        count, first, second = (self.sums(moment, weights) for moment in self.moments)
        mean = first / count
        variance = second / count - mean**2
        return (mean[0] - mean[1]) / np.sqrt(variance.mean())

    def balanced(self, weights):
        return 1 - sum(self.errors(weights)) / 2


def compare(named):
    names, runs, reference = [], [], None
    for name, path in (argument.split("=", 1) for argument in named):
        pairs, same, scores = read_scores(path)
        if reference is None:
            reference = pairs
            place = {}
            for picture in (picture for pair in pairs for picture in pair):
                place.setdefault(person(picture), len(place))
            first, second = (np.array([place[person(pair[side])] for pair in pairs]) for side in (0, 1))
            print(f"{len(place)} people, {same.sum()} same pairs, {(~same).sum()} different ones")
        elif pairs != reference:
            sys.exit(f"all_pairs.py: {path}: found other pairs than in the first file; allowed the same, in the same order")
        names.append(name)
        runs.append(Run(scores, same, first, second, len(place)))
    random = np.random.default_rng(SEED)
    draws = [np.bincount(random.integers(0, len(place), len(place)), minlength=len(place)).astype(float) for _ in range(DRAWS)]
    drawn, apart = (np.array([[of(run, weights) for run in runs] for weights in draws]) for of in (Run.balanced, Run.apart))
    everybody = np.ones(len(place))
    print("| run | balanced accuracy (95 %) | against the first (95 %; share of draws above) | same refused | different accepted | threshold | accepted at 1 % | 0.1 % | 0.01 % | d' | d' against the first (95 %) |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for index, (name, run) in enumerate(zip(names, runs)):
        low, high = np.percentile(drawn[:, index], [2.5, 97.5]) * 100
        gain = (drawn[:, index] - drawn[:, 0]) * 100
        (less, more), above = np.percentile(gain, [2.5, 97.5]), (gain > 0).mean() * 100
        refused, let_in = (share * 100 for share in run.errors(everybody))
        value, first_value = run.balanced(everybody) * 100, runs[0].balanced(everybody) * 100
        against = "–" if index == 0 else f"{value - first_value:+.2f} ({less:+.2f} … {more:+.2f}; {above:.0f} %)"
        farther = apart[:, index] - apart[:, 0]
        nearest, farthest = np.percentile(farther, [2.5, 97.5])
        own, first_own = run.apart(everybody), runs[0].apart(everybody)
        apart_by = "–" if index == 0 else f"{own - first_own:+.2f} ({nearest:+.2f} … {farthest:+.2f})"
        tars = " | ".join(f"{tar * 100:.1f}" for tar in run.tars)
        print(f"| {name} | {value:.2f} ({low:.2f} … {high:.2f}) | {against} | {refused:.2f} % | {let_in:.2f} % | {np.mean(run.thresholds):.3f} | {tars} | {own:.2f} | {apart_by} |")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["pairs", target, *pictures] if pictures:
            write_pairs(target, pictures)
        case ["compare", *named] if named and all("=" in name for name in named):
            compare(named)
        case _:
            sys.exit(__doc__)
