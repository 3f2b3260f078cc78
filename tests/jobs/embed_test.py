"""Maps through the program: made, killed and gone on with, drawn, clustered on."""

import os
import signal
import subprocess
import time

from clustering_test import table, write_features
from coterie_program import ProgramTest, command, environment, kill_once, main, read, run


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
        self.assertIn("takes embeddings/x-tsne for tsne", said)
        self.assertIn("warning: these are clusters of a map", said)
        run(0, "evaluate", "--study", self.study, "--labels", "kind")
        self.assertIn("drew 2 charts", self.embed("--by-clustering", "x-tsne-kmeans"))
        self.assertIn("--map names the rows, and so does --raw", run(0, "cluster", "--study", self.study, "--map", "tsne", "--raw", code=2))

    def test_umap_and_maps_in_space_have_names_of_their_own_and_the_same_bits_on_two_ranks(self):
        self.embed("--method", "umap", "--dimensions", "3", "--figures=false")
        self.embed("--method", "umap", "--dimensions", "3", "--figures=false", "--name", "two", ranks=2)
        there = [read(self.path("study/embeddings", name)) for name in ("x-umap-3d.h5", "two.h5")]
        self.assertEqual(*there)
        self.assertIn("--perplexity means nothing to --method umap", self.embed("--method", "umap", "--perplexity", "5", code=2))

    def test_a_short_name_means_no_map_that_somebody_named_alike(self):
        self.embed("--figures=false", "--name", "after-tsne")
        self.assertIn("after-tsne", run(0, "cluster", "--study", self.study, "--map", "tsne", "--k", "2", code=2))
        self.embed("--figures=false")
        self.embed("--figures=false", "--overwrite", "--seed", "2", "--name", "after-tsne")  # the newest
        self.assertIn("takes embeddings/x-tsne for tsne", run(0, "cluster", "--study", self.study, "--map", "tsne", "--k", "2"))

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

    def test_a_map_whose_ranks_were_killed_goes_on_to_the_same_bits_on_another_number(self):
        arguments = ("embed", "--study", self.study, "--raw", "--iterations", "10000", "--figures=false")
        run(0, *arguments, "--name", "whole")
        state = self.path("study/embeddings/part.partial/state.h5")
        with subprocess.Popen(command(2, *arguments, "--name", "part"), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as going:
            self.assertTrue(kill_once(going, lambda: os.path.exists(state)), "it was done before it was killed")
        self.assertFalse(os.path.exists(self.path("study/embeddings/part.h5")))
        self.assertIn("goes on after iteration", run(0, *arguments, "--name", "part"))
        self.assertEqual(*(read(self.path("study/embeddings", name)) for name in ("whole.h5", "part.h5")))

    def test_a_map_begins_with_a_file_or_another_map_and_is_up_to_date_afterwards(self):
        self.embed("--figures=false")
        begun = ("--init", "tsne", "--method", "umap", "--iterations", "5", "--figures=false", "--name", "again")
        self.assertIn("takes embeddings/x-tsne for tsne", self.embed(*begun))
        self.embed(*begun[:-1], "again2", ranks=2)
        self.assertEqual(*(read(self.path("study/embeddings", name)) for name in ("again.h5", "again2.h5")))
        self.assertIn("is up to date", self.embed(*begun))
        self.assertIn("would have the same name", self.embed("--init", "tsne", code=2))
        places = self.write_places()
        begun = ("--init", places, "--figures=false", "--method", "umap")
        self.assertIn("positions from x, y", self.embed(*begun))
        os.rename(places, self.path("moved.csv"))
        self.assertIn("is up to date", self.embed("--init", self.path("moved.csv"), *begun[2:]))
        self.assertIn("has 2 dimensions", self.embed("--init", self.path("moved.csv"), "--dimensions", "3", code=2))
        self.assertIn("neither pca nor random", self.embed("--init", "nowhere", code=2))
        self.embed("--overwrite", "--seed", "2", "--figures=false")  # what x-again began with is another map now
        self.assertIn("embed --study", run(0, "cluster", "--study", self.study, "--map", "again", "--k", "2", code=2))

    def write_places(self):
        """A table of places, as another program would write it: the kinds beside each other, in an order of its own."""
        with open(self.path("x.csv"), encoding="utf-8") as file:
            rows = [line.split(",") for line in file.read().splitlines()[1:]]
        with open(self.path("geography.csv"), "w", encoding="utf-8") as file:
            file.write("name,x,y\n" + "".join(f"{row[0]},{row[1][-1]}.5,{i}\n" for i, row in reversed(list(enumerate(rows)))))
        return self.path("geography.csv")

    def test_a_layout_made_elsewhere_is_a_map_that_is_measured_drawn_clustered_and_viewed(self):
        places = self.write_places()
        at = ("embed", "--study", self.study, "--raw", "--positions", places)
        said = run(2, *at)
        self.assertIn("trustworthiness", said)
        self.assertIn("drew 1 chart into", said)
        self.assertIn("is up to date", run(0, *at))
        run(0, "cluster", "--study", self.study, "--map", "geography", "--k", "4")
        run(0, "view", "--study", self.study, "--map", "geography")
        self.assertIn("--perplexity means nothing to --positions", run(0, *at, "--perplexity", "9", code=2))
        self.assertIn("no column latitude", run(0, *at, "--position-columns", "latitude,y", "--name", "wrong", code=2))
        with open(places, "a", encoding="utf-8") as file:
            file.write("p1/0.jpg,1,1\n")
        self.assertIn("gives p1/0.jpg another position", run(0, *at, "--name", "wrong", code=2))

    def test_new_images_are_placed_on_a_map_among_those_of_their_kind(self):
        self.embed("--figures=false", "--iterations", "300")
        write_features(self.path("y.csv"), each=10, seed=2)
        at = ("assign", "--study", self.study, "--map", "tsne", "--file", self.path("y.csv"))
        self.assertIn("the places of 40 images on x-tsne", run(0, *at))
        first = read(self.path("study/tables/assignments/y-on-x-tsne/positions.csv"))
        self.assertIn("is up to date", run(0, *at))
        run(2, *at, "--name", "two")
        self.assertEqual(first, read(self.path("study/tables/assignments/two-on-x-tsne/positions.csv")))
        rows = table(self.path("study/tables/assignments/y-on-x-tsne/positions.csv"))
        self.assertEqual({int(row["path"].split("/")[1][:-4]) % 4 - int(row["nearest"].split("/")[1][:-4]) % 4 for row in rows}, {0})
        for name in ("map.svg", "map.png"):
            self.assertTrue(os.path.exists(self.path("study/tables/assignments/y-on-x-tsne", name)), name)
        self.assertIn("new images", read(self.path("study/tables/assignments/y-on-x-tsne/map.svg")).decode())
        self.assertIn("--clustering means nothing beside --map", run(0, *at, "--clustering", "x-kmeans", code=2))

    def test_new_images_are_given_to_the_clusters_of_a_map_where_they_lie_on_it(self):
        self.embed("--figures=false", "--iterations", "300")
        run(0, "cluster", "--study", self.study, "--map", "tsne", "--k", "4")
        write_features(self.path("y.csv"), each=10, seed=2)
        at = ("assign", "--study", self.study, "--clustering", "x-tsne-kmeans", "--file", self.path("y.csv"))
        said = run(0, *at)
        self.assertIn("40 images given to 4 clusters", said)
        self.assertIn("placed on x-tsne first", said)
        self.assertIn("is up to date", run(0, *at))
        run(2, *at, "--name", "two")
        rows, again = (table(self.path("study/tables/assignments", name, "assigned.csv")) for name in ("y", "two"))
        self.assertEqual(rows, again)
        run(0, "assign", "--study", self.study, "--map", "tsne", "--file", self.path("y.csv"), "--figures=false")
        places = table(self.path("study/tables/assignments/y-on-x-tsne/positions.csv"))
        run(0, "export", "--study", self.study, "--clustering", "x-tsne-kmeans", "--k", "4")
        labels = {row["path"]: row["label"] for row in table(self.path("study/tables/x-tsne-kmeans-k4/assignments.csv"))}
        self.assertEqual([row["label"] for row in rows], [labels[place["nearest"]] for place in places])


if __name__ == "__main__":
    main()
