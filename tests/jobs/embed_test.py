"""Maps through the program: made, killed and gone on with, drawn, clustered on."""

import os
import signal
import subprocess
import time

from clustering_test import write_features
from coterie_program import ProgramTest, command, environment, main, read, run


class Embed(ProgramTest):
    def setUp(self):
        super().setUp()
        self.study = self.path("study")
        write_features(self.path("x.csv"))
        run(0, "import", "--study", self.study, "--file", self.path("x.csv"), "--name", "x")

    def embed(self, *arguments, ranks=0, code=0):
        return run(ranks, "embed", "--study", self.study, "--raw", "--iterations", "30", *arguments, code=code)

    def test_a_map_is_made_drawn_and_clustered_on(self):
        said = self.embed("--labels", "kind")
        self.assertIn("trustworthiness", said)
        self.assertIn("means little", said)
        for name in ("map.svg", "map.png", "map-by-kind.svg"):
            self.assertTrue(os.path.exists(self.path("study/figures/maps/x-tsne", name)), name)
        self.assertIn("is up to date", self.embed("--labels", "kind"))
        said = run(0, "cluster", "--study", self.study, "--map", "tsne", "--k", "4")
        self.assertIn("warning: these are clusters of a map", said)
        run(0, "evaluate", "--study", self.study, "--labels", "kind")
        self.assertIn("drew 2 charts", self.embed("--by-clustering", "x-tsne-kmeans"))
        said = run(0, "assign", "--study", self.study, "--images", self.folder, code=2)
        self.assertIn("on which new images have no place", said)
        self.assertIn("--map names the rows, and so does --raw", run(0, "cluster", "--study", self.study, "--map", "tsne", "--raw", code=2))

    def test_umap_and_maps_in_space_have_names_of_their_own_and_the_same_bits_on_two_ranks(self):
        self.embed("--method", "umap", "--dimensions", "3", "--figures=false")
        self.embed("--method", "umap", "--dimensions", "3", "--figures=false", "--name", "two", ranks=2)
        there = [read(self.path("study/embeddings", name)) for name in ("x-umap-3d.h5", "two.h5")]
        self.assertEqual(*there)
        self.assertIn("--perplexity means nothing to --method umap", self.embed("--method", "umap", "--perplexity", "5", code=2))

    def test_a_map_that_was_stopped_goes_on_to_the_same_bits(self):
        arguments = ("embed", "--study", self.study, "--raw", "--iterations", "4000", "--figures=false")
        run(0, *arguments, "--name", "whole")
        with subprocess.Popen(command(0, *arguments, "--name", "part"), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as going:
            while not os.path.exists(self.path("study/embeddings/part.partial")):
                time.sleep(0.01)
            time.sleep(0.2)
            going.send_signal(signal.SIGTERM)
            self.assertEqual(going.wait(), 75)
        self.assertIn("goes on after iteration", run(0, *arguments, "--name", "part"))
        self.assertEqual(*(read(self.path("study/embeddings", name)) for name in ("whole.h5", "part.h5")))
        self.assertFalse(os.path.exists(self.path("study/embeddings/part.partial")))


if __name__ == "__main__":
    main()
