"""Topic models beside scikit-learn's, coherence beside gensim's, and spatial LDA beside a plain Python of its equations,
on 1 to 4 ranks.

    python topics_oracle.py BUILD_DIR

scikit-learn's LatentDirichletAllocation starts from a lambda of ours, and its documents from ones: then lambda, gamma
and bound agree to 1e-6 after each of 10 passes, and so do transform, score, perplexity and online updates. Its psi, a
series with an error of 2.5e-9, is exchanged for SciPy's: documents whose topics are nearly a draw magnify that error to
some 1e-5 of lambda, whatever we do. Every number of ranks gives the same bytes.

Covers: topics
"""
import os
import subprocess
import sys
import tempfile

import numpy as np
import scipy.sparse
from gensim.matutils import Sparse2Corpus
from gensim.topic_coherence import direct_confirmation_measure, probability_estimation, segmentation
from scipy.special import gammaln, psi
from sklearn.decomposition import LatentDirichletAllocation, _lda

from ranks import run_on

PASSES, TOLERANCE = 10, 1e-6


def save_all(folder, **arrays):
    for name, values in arrays.items():
        np.save(os.path.join(folder, f"{name}.npy"), values)


def documents(rng, count, vocabulary, topics, tokens, words):
    """As a sparse matrix. `words`, of each topic: the same for training and test. Some documents are empty."""
    rows = []
    for d in range(count):
        mixture = rng.dirichlet(np.full(topics, 0.2)) @ words
        rows.append(rng.multinomial(0 if d % 17 == 5 else rng.poisson(tokens), mixture / mixture.sum()))
    return scipy.sparse.csr_matrix(np.array(rows), dtype=float)


def save_documents(folder, which, matrix):
    save_all(folder, **{which + "offsets": matrix.indptr.astype(np.int64), which + "words": matrix.indices.astype(np.int32),
                        which + "counts": matrix.data.astype(np.int32)})


class Probe:
    """Runs on 1 to 4 ranks, and is content only with the same bytes from all."""

    def __init__(self, build, folder):
        self.program = os.path.join(build, "tests", "topics", "topics_probe")
        self.folder = folder

    def __call__(self, what, *arguments, names):
        found = []
        for ranks in (1, 2, 3, 4):
            run_on(ranks, self.program, what, self.folder, *arguments, stdout=subprocess.DEVNULL)
            found.append({name: np.load(os.path.join(self.folder, f"found_{name}.npy")) for name in names})
        for other in found[1:]:
            for name in names:
                assert other[name].tobytes() == found[0][name].tobytes(), f"{what}: {name} depends on the ranks"
        return found[0]


def same(what, ours, theirs, tolerance=TOLERANCE):
    ours, theirs = np.asarray(ours).ravel(), np.asarray(theirs).ravel()
    off = np.max(np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))) if ours.shape == theirs.shape else np.inf
    print(f"  {what}: {off:.1e} {'ok' if off < tolerance else 'WRONG'}")
    return off < tolerance


def expectation_2d(rows):
    return psi(rows) - psi(rows.sum(1, keepdims=True))


def expectation_1d(row, prior, out):
    row += prior
    out[:] = np.exp(psi(row) - psi(row.sum()))


_lda._dirichlet_expectation_2d = expectation_2d
_lda.cy_dirichlet_expectation_1d = {"double": expectation_1d}


class Peer:
    """scikit-learn's model, started from a given lambda (V x K), its documents always from ones."""

    def __init__(self, first, vocabulary):
        self.model = LatentDirichletAllocation(first.shape[1], random_state=0)
        self.model._init_latent_vars(vocabulary, np.float64)
        self.set(first.T)
        infer = self.model._e_step
        self.model._e_step = lambda X, cal_sstats, random_init, parallel=None: infer(X, cal_sstats, False)

    def set(self, components):
        self.model.components_ = np.ascontiguousarray(components)
        self.model.exp_dirichlet_component_ = np.exp(expectation_2d(self.model.components_))
        self.model.n_features_in_ = components.shape[1]

    def gamma(self, X):
        return self.model._e_step(X, False, False)[0]

    def bound(self, X):
        return self.model._approx_bound(X, self.gamma(X), False)


def compare_batch(probe, peer, X, test):
    found = probe("held_out", PASSES, names=("lambda", "gamma", "last_gamma", "bounds", "theta", "scores"))
    lambdas, gammas, bounds = [], [], [peer.bound(X)]
    for _ in range(PASSES):
        gammas.append(peer.gamma(X))
        peer.model._em_step(X, X.shape[0], batch_update=True)
        lambdas.append(peer.model.components_.T.copy())
        bounds.append(peer.bound(X))
    good = same("lambda after each pass", found["lambda"], lambdas)
    good &= same("gamma in each pass", found["gamma"], gammas)
    good &= same("gamma at the end", found["last_gamma"], peer.gamma(X))
    good &= same("bound after each pass", found["bounds"], bounds)
    good &= same("transform", found["theta"], peer.model.transform(test))
    good &= same("score and perplexity", found["scores"][:2], [peer.model.score(test), peer.model.perplexity(test)])
    return good


def compare_online(probe, peer, X, size=48):
    found = probe("online", 3, size, names=("lambda", "last_gamma", "bounds"))
    lambdas = []
    for _ in range(3):
        for begin in range(0, X.shape[0], size):
            peer.model._em_step(X[begin:begin + size], X.shape[0], batch_update=False)
            lambdas.append(peer.model.components_.T.copy())
    good = same("online: lambda after each batch", found["lambda"], lambdas)
    good &= same("online: gamma at the end", found["last_gamma"], peer.gamma(X))
    return good & same("online: bound at the end", found["bounds"][-1], peer.bound(X))


def compare_coherence(probe, X, components, top=10):
    listed = np.argsort(-components, axis=1, kind="stable")[:, :top]
    save_all(probe.folder, top=listed.astype(np.int32).ravel())
    found = probe("coherence", top, names=("umass", "npmi"))
    pairs = segmentation.s_one_pre(listed)
    counted = probability_estimation.p_boolean_document(Sparse2Corpus(X, documents_columns=False), pairs)
    umass = direct_confirmation_measure.log_conditional_probability(pairs, counted)
    npmi = direct_confirmation_measure.log_ratio_measure(pairs, counted, normalize=True)
    return same("gensim's coherence, UMass", found["umass"], umass) & same("NPMI", found["npmi"], npmi)


def images(rng, folder, count, vocabulary):
    """Two textures by place; returns what was saved."""
    sizes = rng.integers(200, 800, (count, 2)).astype(np.float32)
    numbers = rng.integers(0, 60, count)
    offsets = np.concatenate([[0], np.cumsum(numbers)]).astype(np.int64)
    owner = np.repeat(np.arange(count), numbers)
    place = rng.random((len(owner), 2)).astype(np.float32)
    words = (rng.integers(0, vocabulary // 2, len(owner)) + (place[:, 0] > 0.5) * (vocabulary // 2)).astype(np.int32)
    place *= sizes[owner]
    save_all(folder, offsets=offsets, words=words, x=place[:, 0].copy(), y=place[:, 1].copy(), width=sizes[:, 0].copy(),
             height=sizes[:, 1].copy(), shape=np.array([vocabulary]))
    return offsets, words, place.astype(float), sizes.astype(float)


def region_weights(place, size, pitch, sigma, radius):
    """K_ij as a dense words x regions matrix."""
    longer = size.max()
    grid = [max(1, int(np.floor(edge / (pitch * longer) + 0.5))) for edge in size]
    xs, ys = [(np.arange(n) + 0.5) * edge / n for n, edge in zip(grid, size)]
    centres = np.array([(x, y) for y in ys for x in xs])
    squares = ((place[:, None] - centres) ** 2).sum(2)
    reach = min(3 * sigma * longer, radius * longer if radius > 0 else np.inf)
    weights = np.where(squares <= reach**2, np.exp(-squares / (sigma * longer) ** 2), 0)
    for i in np.nonzero(weights.sum(1) == 0)[0]:
        weights[i, squares[i].argmin()] = 1
    return weights


def dirichlet_bound(prior, posterior):
    """Of each row: E[log p] - E[log q]."""
    expected = psi(posterior) - psi(posterior.sum(1, keepdims=True))
    size = posterior.shape[1]
    return (((prior - posterior) * expected + gammaln(posterior)).sum(1) - gammaln(posterior.sum(1))
            + gammaln(size * prior) - size * gammaln(prior)).sum()


def plain_image(weights, rows, alpha):
    """gamma, q(z) of each word, and the image's part of the bound: sums over all words and regions."""
    regions, topics = weights.shape[1], rows.shape[1]
    gamma = np.ones((regions, topics))
    for update in range(101):
        t = np.exp(psi(gamma) - psi(gamma.sum(1, keepdims=True)))
        joint = weights[:, :, None] * t[None] * rows[:, None]  # words x regions x topics
        total = joint.sum((1, 2))
        r = joint / (total + np.finfo(float).eps)[:, None, None]
        if update and (change < 1e-3 or update == 100):
            break
        last, gamma = gamma, alpha + r.sum(0)
        change = np.abs(gamma - last).mean()
    return gamma, r.sum(1), np.log(total).sum() + dirichlet_bound(alpha, gamma)


def plain_spatial(folder_images, first, regions, passes):
    offsets, words, place, sizes = folder_images
    prior, current, lambdas, gammas, bounds = 1 / first.shape[1], first, [], [], []
    for update in range(passes + 1):
        rows = np.exp(psi(current) - psi(current.sum(0)))
        sums, bound, gamma, theta, labels = np.zeros_like(current), dirichlet_bound(prior, current.T), [], [], []
        for g in range(len(sizes)):
            own = slice(offsets[g], offsets[g + 1])
            of_image, shares, part = plain_image(region_weights(place[own], sizes[g], *regions), rows[words[own]], prior)
            np.add.at(sums, words[own], shares)
            bound += part
            gamma.append(of_image.ravel())
            theta.append((prior + shares.sum(0)) / (prior + shares.sum(0)).sum())
            labels.append(shares.argmax(1))
        bounds.append(bound)
        if update < passes:
            gammas.append(np.concatenate(gamma))
            current = prior + sums
            lambdas.append(current)
    return lambdas, gammas, bounds, theta, np.concatenate(labels)


def compare_spatial(probe, folder, rng):
    made = images(rng, folder, count=70, vocabulary=16)
    first = rng.gamma(100, 0.01, (16, 3))
    save_all(folder, first=first)
    good = True
    for regions in ((0.25, 0.2, 0), (0.5, 0.05, 0), (0.2, 0.3, 0.4)):
        found = probe("spatial", 4, *regions, names=("lambda", "gamma", "bounds", "theta", "word_topics"))
        lambdas, gammas, bounds, theta, labels = plain_spatial(made, first, regions, 4)
        name = f"spatial, pitch {regions[0]}, sigma {regions[1]}, radius {regions[2]}:"
        good &= same(f"{name} lambda", found["lambda"], lambdas)
        good &= same(f"{name} gamma", found["gamma"], np.concatenate(gammas))
        good &= same(f"{name} bounds", found["bounds"], bounds)
        good &= same(f"{name} theta", found["theta"], theta)
        good &= same(f"{name} words' topics", found["word_topics"], labels, 0.5)
    return good


def main(build):
    good = True
    for vocabulary, topics, count in ((60, 5, 150), (800, 24, 200)):
        print(f"{count} documents, {vocabulary} words, {topics} topics")
        rng = np.random.default_rng(vocabulary)
        words = rng.dirichlet(np.full(vocabulary, 0.1), topics)
        X = documents(rng, count, vocabulary, topics, 80, words)
        test = documents(rng, 90, vocabulary, topics, 80, words)
        first = rng.gamma(100, 0.01, (vocabulary, topics))
        with tempfile.TemporaryDirectory() as folder:
            save_all(folder, shape=np.array([vocabulary]), first=first)
            save_documents(folder, "", X)
            save_documents(folder, "test_", test)
            probe = Probe(build, folder)
            good &= compare_batch(probe, Peer(first, vocabulary), X, test)
            good &= compare_online(probe, Peer(first, vocabulary), X)
            good &= compare_coherence(probe, X, words)
    with tempfile.TemporaryDirectory() as folder:
        good &= compare_spatial(Probe(build, folder), folder, np.random.default_rng(3))
    return int(not good)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
