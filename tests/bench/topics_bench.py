"""Times LDA beside scikit-learn, gensim and tomotopy on the same documents in one go; prints Markdown tables.

    topics_bench.py BUILD_DIR [--vocabularies 300,10000] [--topics 20,100] [--documents 2000] [--runs 3] [--peers]

Needs scikit-learn; with --peers also gensim and tomotopy. All on one thread. Sides take turns, the best of RUNS counts,
by processor time (gensim's worker included): others may be at work on the machine, and the ratios vary less by it.

First table: what scikit-learn's fit does by default, 10 passes in which documents start anew, ours with one E-step more
(for gamma under the final lambda). Second table: each peer's held-out log-likelihood per word, and how long we take to
one that is as good. Held-out: of each test document, theta is fitted to half of its words by 100 steps of EM under the
topics alone, the same for all sides, and the other half is scored.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import scipy.sparse

PASSES = 10
OURS = [("online", 1), ("online", 2), ("online", 5), ("online", 10), ("online", 20), ("batch", 5), ("batch", 10),
        ("batch", 20), ("batch", 50), ("batch", 100)]


def documents(rng, count, topics, words, tokens=300):
    rows = []
    for _ in range(count):
        mixture = rng.dirichlet(np.full(topics, 0.1)) @ words
        rows.append(scipy.sparse.csr_matrix(rng.multinomial(rng.poisson(tokens), mixture / mixture.sum())))
    return scipy.sparse.vstack(rows).tocsr()


def halves(rng, matrix):
    """Each document's words, dealt out to two matrices."""
    first = matrix.copy()
    first.data = rng.binomial(matrix.data, 0.5)
    return first, matrix - first


def held_out(phi, test):
    """Log-likelihood per scored word. phi: topics x words."""
    seen, scored = test
    theta = np.full((seen.shape[0], len(phi)), 1 / len(phi))
    phi = np.maximum(phi, 1e-12)

    def rated(matrix):
        rows, columns = matrix.nonzero()
        return matrix.multiply(1), rows, columns, np.asarray(matrix[rows, columns]).ravel()

    _, rows, columns, counts = rated(seen)
    for _ in range(100):
        rate = counts / np.einsum("ik,ki->i", theta[rows], phi[:, columns])
        weights = scipy.sparse.csr_matrix((rate, (rows, columns)), shape=seen.shape)
        theta = theta * (weights @ phi.T) + 1 / len(phi)
        theta /= theta.sum(1, keepdims=True)
    _, rows, columns, counts = rated(scored)
    return (counts * np.log(np.einsum("ik,ki->i", theta[rows], phi[:, columns]))).sum() / counts.sum()


class Ours:
    def __init__(self, build, folder, matrix):
        self.program = os.path.join(build, "tests", "bench", "topics_bench")
        self.folder = folder
        for name, values in (("offsets", matrix.indptr.astype(np.int64)), ("words", matrix.indices.astype(np.int32)),
                             ("counts", matrix.data.astype(np.int32)), ("shape", np.array([matrix.shape[1]]))):
            np.save(os.path.join(folder, name + ".npy"), values)

    def __call__(self, topics, way, passes):
        done = subprocess.run([self.program, self.folder, str(topics), "1", way, str(passes), "1"], check=True,
                              capture_output=True, text=True)
        return json.loads(done.stdout)["processor"], np.load(os.path.join(self.folder, "phi.npy")).T


def processor_seconds():
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def timed(action):
    begin = processor_seconds()
    phi = action()
    return processor_seconds() - begin, phi


def sklearn_fit(matrix, topics):
    from sklearn.decomposition import LatentDirichletAllocation

    model = LatentDirichletAllocation(topics, max_iter=PASSES, random_state=1).fit(matrix)
    return model.components_ / model.components_.sum(1, keepdims=True)


def gensim_fit(matrix, topics):
    from gensim.matutils import Sparse2Corpus
    from gensim.models import LdaMulticore

    corpus = [list(document) for document in Sparse2Corpus(matrix, documents_columns=False)]
    words = {word: str(word) for word in range(matrix.shape[1])}
    model = LdaMulticore(corpus, topics, words, workers=1, passes=PASSES, eval_every=None, eta=1 / topics, random_state=1)
    return model.get_topics()


def tomotopy_fit(matrix, topics):
    import tomotopy

    model = tomotopy.LDAModel(k=topics, alpha=1 / topics, eta=1 / topics, seed=1)
    for row in range(matrix.shape[0]):
        own = slice(matrix.indptr[row], matrix.indptr[row + 1])
        model.add_doc([str(word) for word in np.repeat(matrix.indices[own], matrix.data[own].astype(int))])
    model.train(200, workers=1)
    phi = np.zeros((topics, matrix.shape[1]))
    phi[:, [int(word) for word in model.used_vocabs]] = [model.get_topic_word_dist(topic) for topic in range(topics)]
    return phi


def best(runs, action):
    found = [action() for _ in range(runs)]
    return min(seconds for seconds, _ in found), found[0][1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--vocabularies", default="300,10000")
    parser.add_argument("--topics", default="20,100")
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers", action="store_true")
    options = parser.parse_args()
    first, second = [], []
    for vocabulary in map(int, options.vocabularies.split(",")):
        for topics in map(int, options.topics.split(",")):
            rng = np.random.default_rng(vocabulary + topics)
            words = rng.dirichlet(np.full(vocabulary, 0.05), topics)
            matrix = documents(rng, options.documents, topics, words)
            test = halves(rng, documents(rng, 200, topics, words))
            case = f"| {vocabulary} | {topics} |"
            with tempfile.TemporaryDirectory() as folder:
                ours = Ours(options.build, folder, matrix)
                pairs = [(ours(topics, "restart", PASSES), timed(lambda: sklearn_fit(matrix, topics)))
                         for _ in range(options.runs)]
                mine, theirs = (min(pair[side][0] for pair in pairs) for side in (0, 1))
                first.append(f"{case} {matrix.nnz / matrix.shape[0]:.0f} | {mine:.2f} | {theirs:.2f} | {theirs / mine:.1f} |")
                print(first[-1], flush=True)
                if not options.peers:
                    continue
                curve = []
                for way, passes in OURS:
                    seconds, phi = best(1, lambda: ours(topics, way, passes))
                    curve.append((seconds, held_out(phi, test), f"{way} {passes}"))
                for name, fit in (("scikit-learn", sklearn_fit), ("gensim", gensim_fit), ("tomotopy", tomotopy_fit)):
                    seconds, phi = timed(lambda: fit(matrix, topics))
                    likelihood = held_out(phi, test)
                    as_good = min((point for point in curve if point[1] >= likelihood), default=None)
                    line = f"{case} {name} | {likelihood:.3f} | {seconds:.2f} | "
                    if as_good:
                        line += f"{as_good[2]} | {as_good[1]:.3f} | {as_good[0]:.2f} | {seconds / as_good[0]:.1f} |"
                    else:
                        top = max(curve, key=lambda point: point[1])
                        line += f"none; best {top[2]} | {top[1]:.3f} | {top[0]:.2f} | |"
                    second.append(line)
                    print(line, flush=True)
    print("\n| words | topics | words a document | coterie, s | scikit-learn, s | ratio |\n|---|---|---|---|---|---|")
    print("\n".join(first))
    if second:
        print("\n| words | topics | peer | its held-out | s | coterie | held-out | s | ratio |\n|---|---|---|---|---|---|---|---|---|")
        print("\n".join(second))


if __name__ == "__main__":
    sys.exit(main())
