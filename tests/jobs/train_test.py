"""Training without labels, as a person does it: any ranks, killed and resumed, the result as a backbone, refused."""

import csv
import os
import pickle
import shutil
import subprocess
import unittest
import zlib
from unittest import mock

from coterie_program import ProgramTest, command, environment, kill_once, main, make_images, read, run

try:
    import h5py
    import numpy
except ImportError:
    h5py = None

NARROW = ("--width", "0.05", "--image-size", "64", "--clusters", "4", "--batch", "16")
NAME = "deepcluster_alexnet"


class Train(ProgramTest):
    def study(self, each=10):
        make_images(self.path("images"), each=each)
        run(0, "scan", "--study", self.path("study"), "--images", self.path("images"))
        return self.path("study")

    def made(self, study):
        folder = os.path.join(study, "checkpoints")
        self.assertEqual(sorted(os.listdir(folder)), [NAME + ".checkpoint.pth.tar", NAME + ".h5"])
        return [read(os.path.join(folder, name)) for name in sorted(os.listdir(folder))]

    def test_any_ranks_and_threads_give_the_same_bytes_and_extract_takes_the_result(self):
        study = self.study()
        made = []
        for ranks, threads in ((0, 2), (2, 1), (3, 2), (4, 1)):
            said = run(ranks, "train", "--study", study, *NARROW, "--epochs", "2", "--threads", str(threads), "--overwrite")
            made.append(self.made(study))
        self.assertEqual([each == made[0] for each in made], [True] * 4)
        self.assertIn("warning: 40 images", said)
        self.assertIn("agreement with the epoch before", said)
        self.assertIn("up to date", run(0, "train", "--study", study, *NARROW, "--epochs", "2"))
        weights = os.path.join(study, "checkpoints", NAME + ".checkpoint.pth.tar")
        run(2, "extract", "--study", study, "--backbone", NAME, "--weights", weights)
        run(0, "verify", "--study", study)
        if h5py:
            self.check_artifact(study)
        self.check_original_files(study)
        said = run(0, "train", "--study", study, "--init", weights, "--batch", "16", "--clusters", "3", "--epochs", "1", "--name", "more")
        self.assertIn("epoch 3: 3 clusters", said)  # two were done

    def check_original_files(self, study):
        """What DeepCluster's own scripts leave, by export --as study1."""
        run(0, "cluster", "--study", study, "--raw", "--k", "3", "--n-init", "2", "--name", "own")
        run(0, "export", "--study", study, "--as", "study1", "--write-features")
        folder = os.path.join(study, "tables", "own-k3")
        stem = NAME + "_ARCH=alexnet_K=4_EPOCH="
        self.assertEqual(sorted(name for name in os.listdir(folder) if name.startswith(stem)),
                         [stem + end for end in ("0.txt", "1.txt", "1_checkpoint.pth.tar", "2.pickle")])
        self.assertEqual(read(os.path.join(folder, stem + "1_checkpoint.pth.tar")), read(os.path.join(study, "checkpoints", NAME + ".checkpoint.pth.tar")))
        with open(os.path.join(folder, "assignments.csv"), newline="", encoding="utf-8") as file:
            paths = [line["path"] for line in csv.DictReader(file)]
        with open(os.path.join(folder, "exp/clusters"), "rb") as file:
            epochs = pickle.load(file)
        for epoch, clusters in enumerate(epochs):
            self.assertEqual(sorted(place for cluster in clusters for place in cluster), list(range(40)))
            expected = []
            for number, cluster in enumerate(clusters):
                expected += [f"Cluster {number} size: {len(cluster)}"] + [f"{number}\t{paths[place]}" for place in cluster]
            self.assertEqual(read(os.path.join(folder, f"{stem}{epoch}.txt")).decode().splitlines(), expected)
        packed = zlib.decompress(read(os.path.join(folder, stem + "2.pickle")))
        self.assertEqual(packed.count(b"NumpyArrayWrapper"), 40)
        if h5py:
            with h5py.File(os.path.join(study, "checkpoints", NAME + ".h5")) as file:
                for labels, clusters in zip(file["labels"][()], epochs, strict=True):
                    self.assertTrue(all((labels[cluster] == number).all() for number, cluster in enumerate(clusters)))
            with h5py.File(os.path.join(study, "features", NAME + ".h5")) as file:
                self.assertIn(file["features"][7].tobytes(), packed)

    def check_artifact(self, study):
        with h5py.File(os.path.join(study, "checkpoints", NAME + ".h5")) as file:
            labels = file["labels"][()]
            self.assertEqual(labels.shape, (2, 40))
            self.assertTrue(((labels >= 0) & (labels < 4)).all())
            self.assertEqual(list(file["epochs"]), [1, 2])
            self.assertTrue(numpy.isnan(file["agreement"][0]) and 0 <= file["agreement"][1] <= 1)
            shares = numpy.bincount(labels[1], minlength=4) / 40
            self.assertAlmostEqual(file["entropy"][1], -sum(p * numpy.log(p) for p in shares if p > 0))
            self.assertTrue((file["loss"][()] > 0).all())
        with h5py.File(os.path.join(study, "features", NAME + ".h5")) as file:
            self.assertEqual(file["features"].shape, (40, 208))

    def test_a_training_that_was_killed_ends_in_the_same_bytes_on_other_ranks(self):
        study = self.study()
        arguments = ("train", "--study", study, *NARROW, "--epochs", "3", "--checkpoint-minutes", "0")
        run(0, *arguments)
        wanted = self.made(study)
        shutil.rmtree(os.path.join(study, "checkpoints"))
        state = os.path.join(study, "checkpoints", NAME + ".partial", "state.h5")
        seen = set()
        for ranks in (2, 0, 3):  # killed once each, at whatever moment it is
            process = subprocess.Popen(command(ranks, *arguments), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            kill_once(process, lambda: os.path.exists(state) and os.stat(state).st_ino not in seen)
            if os.path.exists(state):
                seen.add(os.stat(state).st_ino)
        said = run(2, *arguments)
        self.assertEqual(self.made(study), wanted)
        self.assertIn("goes on at epoch", said)

    def test_a_training_goes_on_a_gpu_and_from_there_on_the_cpu(self):
        """The GPU is a simulated one; its bits are no one's concern, but it is one training."""
        study = self.study(each=4)
        arguments = ("train", "--study", study, *NARROW, "--batch", "5", "--checkpoint-minutes", "0")
        state = os.path.join(study, "checkpoints", NAME + ".partial", "state.h5")
        seen = set()

        def saved_within_an_epoch():
            if os.path.exists(state):
                seen.add(os.stat(state).st_ino)
            return len(seen) > 2

        with mock.patch.dict(os.environ, COTERIE_SIMULATED_GPUS="2"):
            process = subprocess.Popen(command(2, *arguments, "--epochs", "9", "--device", "cuda"), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            said = process.stdout.readline() + process.stdout.readline()
            self.assertTrue(kill_once(process, saved_within_an_epoch))
            process.stdout.close()
            self.assertIn(b"trained on cuda:0 (simulated on the CPU, one of 2 on this node), fp32", said)
            said = run(0, "train", "--study", study, *NARROW, "--epochs", "2", "--device", "auto", "--name", "other")
            self.assertIn("trained on cuda:0", said)
        said = run(3, *arguments, "--epochs", "9", "--device", "cpu")
        self.assertIn("goes on at epoch", said)
        self.assertIn("trained on cpu (as asked)", said)
        run(0, "verify", "--study", study)
        with h5py.File(os.path.join(study, "checkpoints", NAME + ".h5")) as file:
            self.assertTrue((numpy.abs(file["loss"][()] - numpy.log(4)) < 0.5).all())

    def test_an_autoencoder_gives_features(self):
        study = self.study(each=3)
        run(2, "train", "--study", study, "--method", "vae", "--image-size", "32", "--epochs", "2", "--batch", "5")
        weights = os.path.join(study, "checkpoints", "vae.checkpoint.pth.tar")
        said = run(2, "extract", "--study", study, "--backbone", "vae", "--layer", "mean,hidden", "--weights", weights)
        self.assertIn("vae", said)
        with h5py.File(os.path.join(study, "features", "vae.h5")) as file:
            self.assertEqual(file["features"].shape, (12, 250))
            self.assertGreater(file["features"][()].std(axis=0).max(), 0)
        said = run(0, "extract", "--study", study, "--backbone", "vae", code=2)
        self.assertIn("coterie train --method vae makes them", said)

    def test_what_cannot_be_right_is_refused_with_a_way_out(self):
        study = self.study(each=3)
        for arguments, code, text in (
            (("--clusters", "13"), 2, "fewer images than clusters"),
            (("--batch", "1"), 2, "batch normalisation"),
            (("--device", "cuda"), 2, "use --device auto or cpu, or a job that has a GPU"),
            (("--backbone", "resnet50"), 2, "deepcluster_alexnet or deepcluster_vgg16"),
            (("--init", self.path("nothing.pth")), 1, "nothing.pth"),
            (("--lr", "1e30", "--clusters", "3", "--batch", "4"), 1, "diverged"),
        ):
            said = run(0, "train", "--study", study, *NARROW, *arguments, "--overwrite", code=code)
            self.assertIn(text, said)
        said = run(0, "train", "--study", study, "--method", "vae", "--device", "cuda", code=2)
        self.assertIn("--method vae is trained on the CPU alone", said)
        run(0, "train", "--study", study, *NARROW, "--clusters", "3", "--epochs", "1", "--overwrite")
        weights = os.path.join(study, "checkpoints", NAME + ".checkpoint.pth.tar")
        self.assertIn("sound", run(0, "verify", "--study", study))
        with open(weights, "ab") as file:
            file.write(b"x")
        self.assertIn("other bytes than train wrote", run(0, "verify", "--study", study, code=1))
        os.truncate(weights, os.path.getsize(weights) - 1)
        said = run(0, "train", "--study", study, "--backbone", "deepcluster_vgg16", "--init", weights, "--name", "other", code=1)
        self.assertIn("checkpoint of another network", said)


if __name__ == "__main__":
    main()
