"""t-SNE as scikit-learn and openTSNE make it, UMAP as umap-learn does.

    python embedding_oracle.py BUILD_DIR

From the same affinities and the same start, 50 iterations of scikit-learn's gradient descent with its exact gradient,
and of openTSNE's with Barnes and Hut's at theta 0, to 1e-4 of the map's width: beyond some hundred iterations every
rounding error decides where rows end. Whole maps of three data sets beside openTSNE's: the divergence of the same
affinities at most 1 % higher, neighbours kept and trustworthiness at most 0.01 lower (a map from another start differs
by as much). UMAP has no number that both minimise; of two data sets it keeps as many neighbours as umap-learn, and is as
trustworthy, to 0.01.

Covers: embedding embed
"""
import json
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
from openTSNE import TSNEEmbedding, initialization
from openTSNE.affinity import PrecomputedAffinities
from scipy.sparse import csr_matrix
from sklearn.datasets import load_digits, make_blobs, make_swiss_roll
from sklearn.manifold import _t_sne, trustworthiness
from sklearn.neighbors import NearestNeighbors

sys.modules["coverage"] = None  # numba, below umap-learn, stumbles over Debian's, which is older than it expects
import umap  # noqa: E402

warnings.filterwarnings("ignore")


class Peer:
    def __init__(self, build, folder):
        self.program, self.folder = os.path.join(build, "tests/embedding/embedding_probe"), folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def ours(self, rows, start=None, **settings):
        """Positions, affinities, and what the probe says."""
        np.save(self.path("rows.npy"), np.ascontiguousarray(rows, np.float32))
        if start is not None:
            np.save(self.path("start.npy"), start)
            settings["start"] = "file"
        done = subprocess.run([self.program, self.folder, "2", "dump=1", *(f"{key}={value}" for key, value in settings.items())],
                              check=True, capture_output=True, text=True)
        parts = [np.load(self.path(f"{name}.npy")) for name in ("values", "columns", "offsets")]
        affinities = csr_matrix((parts[0].astype(float), *parts[1:]), shape=(len(rows), len(rows)))
        return np.load(self.path("positions.npy")), affinities, json.loads(done.stdout)


def divergence(affinities, positions, freedom=1):
    square = ((positions[:, None] - positions[None]) ** 2).sum(2)
    similar = (1 + square / freedom) ** (-(freedom + 1) / 2)
    np.fill_diagonal(similar, 0)
    found = affinities.tocoo()
    return float((found.data * np.log(found.data * similar.sum() / similar[found.row, found.col])).sum())


def kept(rows, positions, count=10):
    there, here = (NearestNeighbors(n_neighbors=count).fit(x).kneighbors(return_distance=False) for x in (rows, positions))
    return float(np.mean([len(np.intersect1d(a, b)) for a, b in zip(there, here)])) / count


def say(name, good, text):
    print(f"{'ok  ' if good else 'FAIL'} {name}: {text}")
    return bool(good)


def against_sklearn(peer):
    """In the plane: with other degrees of freedom than 1 its gradient is not that of its divergence (docs/maps.md)."""
    rows = load_digits().data[:500]
    start = np.random.default_rng(1).normal(size=(500, 2))
    ours, affinities, _ = peer.ours(rows, start, preset="sklearn", early=50, late=0, rate=4 * 50, early_exaggeration=4, repulsion="exact")
    packed = np.asarray(4 * affinities.todense())[np.triu_indices(500, 1)]
    theirs, _, _ = _t_sne._gradient_descent(_t_sne._kl_divergence, start.ravel(), it=0, max_iter=50, n_iter_check=50, momentum=0.5,
                                            learning_rate=50.0, min_gain=0.01, min_grad_norm=0, n_iter_without_progress=1000,
                                            verbose=0, args=[packed, 1, 500, 2])
    theirs = theirs.reshape(500, 2)
    error = np.abs(ours - theirs).max() / np.ptp(theirs)
    return say("50 iterations of scikit-learn's", error < 1e-4, f"{error:.1e} of the map's width")


def against_opentsne(peer, repulsion):
    rows = load_digits().data[:500]
    start = np.random.default_rng(2).normal(size=(500, 2))
    ours, affinities, _ = peer.ours(rows, start, early=50, late=0, rate=40, repulsion=repulsion)
    embedding = TSNEEmbedding(start.copy(), PrecomputedAffinities(affinities, normalize=False), negative_gradient_method="bh", theta=0, n_jobs=1,
                              random_state=1)
    embedding = embedding.optimize(n_iter=50, exaggeration=12, momentum=0.8, learning_rate=40)
    theirs = np.asarray(embedding)
    error = np.abs(ours - theirs).max() / np.ptp(theirs)
    return say(f"50 iterations of openTSNE's, repulsion by {repulsion}", error < (1e-4 if repulsion == "exact" else 1e-3),
               f"{error:.1e} of the map's width")


def beside_opentsne(peer, name, rows):
    ours, affinities, _ = peer.ours(rows)
    embedding = TSNEEmbedding(initialization.pca(rows, random_state=1), PrecomputedAffinities(affinities, normalize=False), n_jobs=1, random_state=1)
    for iterations, exaggeration in ((250, 12), (500, 1)):
        embedding = embedding.optimize(iterations, exaggeration=exaggeration, momentum=0.8, learning_rate=len(rows) / exaggeration)
    theirs = np.asarray(embedding)
    mine, other = divergence(affinities, ours), divergence(affinities, theirs)
    recalls, trusts = [kept(rows, x) for x in (ours, theirs)], [trustworthiness(rows, x, n_neighbors=10) for x in (ours, theirs)]
    good = mine < 1.01 * other and recalls[0] > recalls[1] - 0.01 and trusts[0] > trusts[1] - 0.01
    return say(f"{name} beside openTSNE", good, f"KL {mine:.4f} and {other:.4f}, neighbours {recalls[0]:.3f} and {recalls[1]:.3f}, "
               f"trustworthiness {trusts[0]:.4f} and {trusts[1]:.4f}")


def beside_umap(peer, name, rows):
    """umap-learn by its defaults; with a seed it works in one thread. From seed to seed its share of neighbours differs by 0.005."""
    ours, _, _ = peer.ours(rows, method="umap")
    theirs = umap.UMAP(random_state=1, n_jobs=1).fit_transform(rows)
    recalls, trusts = [kept(rows, x) for x in (ours, theirs)], [trustworthiness(rows, x, n_neighbors=10) for x in (ours, theirs)]
    return say(f"{name} beside umap-learn", recalls[0] > recalls[1] - 0.015 and trusts[0] > trusts[1] - 0.01,
               f"neighbours {recalls[0]:.3f} and {recalls[1]:.3f}, trustworthiness {trusts[0]:.4f} and {trusts[1]:.4f}")


def main():
    rng = np.random.default_rng(5)
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(sys.argv[1], folder)
        good = [against_sklearn(peer), against_opentsne(peer, "exact"), against_opentsne(peer, "grid"),
                beside_opentsne(peer, "digits", load_digits().data[:800]),
                beside_opentsne(peer, "blobs", make_blobs(600, 20, centers=15, cluster_std=3, random_state=3)[0]),
                beside_opentsne(peer, "roll", make_swiss_roll(600, noise=0.3, random_state=rng.integers(100))[0]),
                beside_umap(peer, "digits", load_digits().data), beside_umap(peer, "blobs", make_blobs(600, 20, centers=15, cluster_std=3, random_state=3)[0])]
    sys.exit(0 if all(good) else 1)


main()
