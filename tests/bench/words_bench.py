"""Times the way from image files to bags of visual words beside the script that a researcher writes for it; prints a Markdown table.

    words_bench.py BUILD_DIR [--images FOLDER] [--words 300] [--max-keypoints 0] [--count 796]

The script reads each image with OpenCV, finds SIFT's keypoints, trains scikit-learn's MiniBatchKMeans on all descriptors (its
defaults, one start), predicts the words of each image and counts them. coterie does the same by `scan`, `words` and `codebook`, on one
rank of one thread, on one of two, and on two of one; the script's libraries may take two threads wherever they can. Images are by
default the quickstart's. What the words are worth is printed too: the mean squared distance of all descriptors to their words.
Processor seconds stand beside those of the clock: on a machine that others use they are what can be compared.
"""
import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_btl_vader_single_copy_mechanism="none")
ENDINGS = {".jpg", ".jpeg", ".png"}

parser = argparse.ArgumentParser()
parser.add_argument("build", type=Path)
parser.add_argument("--images", type=Path)
parser.add_argument("--words", type=int, default=300)
parser.add_argument("--max-keypoints", type=int, default=0)
parser.add_argument("--count", type=int, default=796)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--peer", type=Path)  # the list of images, for the process that is the script


def peer(options):
    """What a researcher writes."""
    import cv2
    import numpy
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    cv2.setNumThreads(options.threads)
    paths = options.peer.read_text().splitlines()
    begin = time.perf_counter()
    with threadpool_limits(options.threads):
        sift = cv2.SIFT_create(options.max_keypoints)
        found = [sift.detectAndCompute(cv2.imread(path, cv2.IMREAD_GRAYSCALE), None)[1] for path in paths]
        found = [numpy.zeros((0, 128), numpy.float32) if rows is None else rows for rows in found]
        described = time.perf_counter()
        model = MiniBatchKMeans(options.words, random_state=1, n_init=1).fit(numpy.vstack(found))
        words = [model.predict(rows) if len(rows) else rows[:0, 0].astype(int) for rows in found]
        histograms = numpy.array([numpy.bincount(each, minlength=options.words) for each in words])
    end, used = time.perf_counter(), time.process_time()
    distance = sum(((rows - model.cluster_centers_[each]) ** 2).sum() for rows, each in zip(found, words)) / histograms.sum()
    print(f"describe {described - begin:.2f} s, words {end - described:.2f} s, {histograms.sum()} descriptors, distance {distance:.0f}, processor {used:.2f}")


def run_peer(options, listed, threads):
    said = subprocess.run([sys.executable, __file__, options.build, "--peer", listed, "--words", str(options.words), "--max-keypoints",
                           str(options.max_keypoints), "--threads", str(threads)], check=True, capture_output=True, text=True).stdout
    describe, words = (float(number) for number in re.findall(r"([\d.]+) s", said))
    processor = float(re.search(r"processor ([\d.]+)", said)[1])
    return describe, words, int(re.search(r"(\d+) descriptors", said)[1]), float(re.search(r"distance (\d+)", said)[1]), processor


def run_coterie(options, listed, ranks, threads):
    program = [options.build / "coterie"]
    if ranks > 1:
        program = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), *program]

    def stage(*arguments):
        begin = time.perf_counter()
        done = subprocess.run([*program, *map(str, arguments), "--threads", str(threads)], env=ENVIRONMENT, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        return time.perf_counter() - begin

    def used():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    with tempfile.TemporaryDirectory() as study:
        before = used()
        describe = stage("scan", "--study", study, "--images", listed)
        describe += stage("words", "--study", study, "--max-edge", "0", "--max-keypoints", options.max_keypoints)
        words = stage("codebook", "--study", study, "--words", options.words, "--seed", "1")
        processor = used() - before
        import h5py
        import numpy
        with h5py.File(Path(study) / "descriptors" / "sift.h5") as file, h5py.File(next((Path(study) / "codebooks").iterdir())) as book:
            rows, centres, word = file["descriptors"][:], book["words"][:], book["word"][:]
            distance = sum(((rows[i:i + 10**5] - centres[word[i:i + 10**5]]) ** 2).sum() for i in range(0, len(rows), 10**5)) / len(rows)
        return describe, words, len(rows), distance, processor


def main(options):
    if options.peer:
        return peer(options)
    images = options.images or Path(subprocess.run([ROOT / "tools" / "fetch_photographs", "--where"], capture_output=True, text=True).stdout.strip())
    paths = sorted(path for path in images.rglob("*") if path.suffix.lower() in ENDINGS)[:options.count]
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "images.txt"
        listed.write_text("".join(f"{path.resolve()}\n" for path in paths))
        runs = [("script, 1 thread", run_peer(options, listed, 1)), ("script, 2 threads", run_peer(options, listed, 2))]
        runs += [(f"coterie, {ranks} rank{'s' * (ranks > 1)} of {threads}", run_coterie(options, listed, ranks, threads))
                 for ranks, threads in ((1, 1), (1, 2), (2, 1))]
    print(f"{len(paths)} images, {options.words} words\n")
    print("| | descriptors | files to descriptors, s | to histograms, s | all, s | processor, s | squared distance |\n|---|---|---|---|---|---|---|")
    for name, (describe, words, count, distance, processor) in runs:
        print(f"| {name} | {count} | {describe:.2f} | {words:.2f} | {describe + words:.2f} | {processor:.2f} | {distance:.0f} |")
    best, one, two = (sum(each[:2]) for _, each in (runs[1], runs[2], runs[4]))
    print(f"\n2 ranks: {best / two:.1f} times the script with 2 threads; {one / two:.2f} times one rank. "
          f"One thread by processor seconds: {runs[0][1][4] / runs[2][1][4]:.1f} times the script")


main(parser.parse_args())
