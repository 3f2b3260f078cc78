"""A finished study, what may change under it or in it, and which commands must then refuse to go on."""

import os
import shutil

from generation_study import Collection, check, coterie, h5py, labels_of, numpy, picture, shown_in

COUNT = 16  # pictures; the last two have the same bytes
FEATURES, REDUCTION, KMEANS, WARD = "efficientnet_lite0", "efficientnet_lite0-pca", "kmeans", "efficientnet_lite0-pca-ward"
LIST = "images/list.csv"
RANDOM = ("--weights", "random:7", "--threads", "1")
# What makes the study and, given again, reads it; in the order of a study. The key is what the matrix calls it.
STAGES = {
    "scan": ("scan", "--images", LIST),
    "extract": ("extract", "--backbone", FEATURES, *RANDOM),
    "words": ("words", "--max-keypoints", "20", "--threads", "1"),
    "codebook": ("codebook", "--words", "4"),
    "topics": ("topics", "--topics", "2", "--labels", "kind"),
    "reduce": ("reduce", "--features", FEATURES, "--components", "4"),
    "embed": ("embed", "--iterations", "20"),
    "cluster": ("cluster", "--k", "3,4", "--n-init", "2", "--name", KMEANS),
    "ward": ("cluster", "--algorithm", "ward", "--k", "3,4"),
    "evaluate": ("evaluate", "--clustering", KMEANS, "--labels", "kind"),
    "select": ("select", "--clustering", KMEANS, "--labels", "kind", "--bootstrap", "2", "--gap", "2", "--figures=false"),
    "compare": ("compare", "--labels", "kind", "--figures=false"),
    "assign": ("assign", "--clustering", KMEANS, "--k", "3", "--images", LIST, "--name", "own", *RANDOM),
    "montage": ("montage", "--clustering", KMEANS, "--k", "3", "--tile", "20", "--format", "png"),
    "report": ("report", "--clustering", KMEANS, "--k", "3"),
    "view": ("view", "--clustering", KMEANS, "--k", "3"),
    "export": ("export", "--clustering", KMEANS, "--k", "3"),
    "code make": ("code make", "--clustering", KMEANS, "--k", "3", "--per-cluster", "2", "--boundary", "1", "--name", "coded"),
}
NEEDS = {"scan": (), "extract": ("scan",), "words": ("scan",), "codebook": ("words",), "topics": ("codebook",),
         "reduce": ("extract",), "embed": ("reduce",), "cluster": ("reduce",), "ward": ("reduce",), "evaluate": ("cluster",),
         "select": ("cluster",), "compare": ("cluster", "ward"), "assign": ("cluster",), "montage": ("cluster",), "report": ("evaluate", "select"),
         "view": ("cluster",),
         "export": ("cluster",), "code make": ("cluster",)}
WORDS = ("codebook", "topics")
STRICT = ("reduce", "embed", "cluster", "ward", "evaluate", "select", "compare", "assign", "code make")
JOINED = ("montage", "report", "view", "export")
EVERY = tuple(STAGES)
FROM_CLUSTERING = ("evaluate", "select", "compare", "assign", "code make")


class Place:
    """A room of its own: a collection and a study of it as they were made, and copies of both that may be changed."""

    def __init__(self, folder):
        self.folder = folder
        self.original = Collection(self.path("original", "images"), COUNT)
        self.original.put(f"p{COUNT - 1:02}.ppm", picture(COUNT - 2))
        self.images = self.original.copy(self.path("images"))
        for arguments in STAGES.values():
            self.must(*arguments, study="made")
        self.made_of = self.images.prints()
        self.paths = list(self.images.rows)
        self.made = {name: labels_of(self.path("made"), name) for name in (KMEANS, WARD)}
        with h5py.File(self.path("made", "features", f"{FEATURES}.h5"), "r") as file:
            self.features = dict(zip(self.paths, file["features"][:]))
        self.magenta = self.pictures_of_changed()
        self.reset()

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def run(self, name, *arguments, study="study", cwd=None):
        return coterie(*name.split(), "--study", study, *arguments, cwd=cwd or self.folder)

    def must(self, name, *arguments, **where):
        outcome = self.run(name, *arguments, **where)
        check(outcome.code == 0, f"must succeed: {outcome}")
        return outcome

    def pictures_of_changed(self):
        """How a report shows pictures that were changed: none of these may ever appear with the old labels."""
        folder = self.path("magenta")
        other = Collection(os.path.join(folder, "images"))
        for number in range(COUNT + 1):
            other.put(f"{number}.ppm", picture(number, changed=True))
            other.rows[f"{number}.ppm"] = []
        other.columns = []
        other.write()
        for stage in ("scan", "extract", "reduce", "cluster", "report"):
            self.must(*STAGES[stage], cwd=folder)
        found = shown_in(os.path.join(folder, "study"))
        check(len(found) >= 4, "the report shows its pictures")
        return found

    def reset(self):
        """Everything as it was made; the study under another name than it was made by."""
        self.images = self.original.copy(self.path("images"))
        shutil.rmtree(self.path("study"), ignore_errors=True)
        shutil.copytree(self.path("made"), self.path("study"))
        self.options = {}  # of the stages, other than in STAGES: what a fresh study is to be made with
        self.gone = ()  # stages whose artifact is no longer there: what takes all that there is does without
        self.listed = self.images  # what the last scan saw
        self.unseen = set()  # images that changed after it
        self.labels = {name: {k: dict(zip(self.paths, found)) for k, found in solutions.items()} for name, solutions in self.made.items()}

    def scan_again(self, *options):
        self.images.write()
        self.must("scan", "--images", LIST, "--overwrite", *options)

    def artifact(self, kind, name):
        return self.path("study", kind, f"{name}.h5")

    def again(self, stage, *options):
        """A stage made again with other options, which a fresh study then has, too."""
        self.options[stage] = (*STAGES[stage], *options)
        self.must(*self.options[stage], "--overwrite")

    def instead(self, word, other, *stages):
        """These stages are to be given another word from now on: the first is of what is no more."""
        for stage in stages:
            self.options[stage] = tuple(other if each == word else each for each in STAGES[stage])

    def stage(self, stage):
        return self.options.get(stage, STAGES[stage])


def gain_an_image(place):
    place.images.put("p16.ppm", picture(COUNT, changed=True))
    place.images.rows = {"p16.ppm": ["kind 1"], **place.images.rows}  # in front: every number in the list moves on
    place.scan_again()


def lose_an_image(place):
    os.remove(os.path.join(place.images.folder, "p05.ppm"))
    del place.images.rows["p05.ppm"]
    place.scan_again()


def replace_an_image(place):
    place.images.put("p05.ppm", picture(5, changed=True))
    place.scan_again()


def replace_without_scan(place):
    place.images.put("p05.ppm", picture(5, changed=True))
    place.unseen = {"p05.ppm"}


def edit_in_place(place):
    place.images.edit_in_place("p05.ppm", picture(5, changed=True))
    place.unseen = {"p05.ppm"}


def exchange_all(place):
    for number, name in enumerate(place.images.rows):
        place.images.put(name, picture(number, changed=True))
    place.scan_again()


def reorder(place):
    place.images.rows = dict(reversed(place.images.rows.items()))
    place.scan_again()


def rename_an_image(place):
    os.rename(os.path.join(place.images.folder, "p05.ppm"), os.path.join(place.images.folder, "q05.ppm"))
    place.images.rows = {name.replace("p05", "q05"): row for name, row in place.images.rows.items()}
    place.scan_again()


def correct_a_value(place):
    place.images.rows["p03.ppm"] = ["kind 0"]
    place.scan_again()


def add_a_column(place):
    place.images.columns.append("where")
    for number, row in enumerate(place.images.rows.values()):
        row.append(f"place {number % 3}")
    place.scan_again()


def remove_a_column(place):
    place.images.columns = []
    place.images.rows = {name: [] for name in place.images.rows}
    place.instead("kind", "folder", "evaluate", "select", "compare")
    place.scan_again()


def skip_duplicates(place):
    place.options["scan"] = (*STAGES["scan"], "--duplicates", "skip")
    place.scan_again("--duplicates", "skip")


def other_weights(place):
    place.again("extract", "--weights=random:8")
    place.instead("random:7", "random:8", "assign")


def decode_fast(place):
    place.again("extract", "--fast-decode")


def reduce_again(place):
    place.again("reduce", "--components=3")


def cluster_again(place):
    place.again("cluster", "--seed", "5")
    place.labels[KMEANS] = {k: dict(zip(place.paths, found)) for k, found in labels_of(place.path("study"), KMEANS).items()}


def remove_the_clustering(place):
    os.remove(place.artifact("clusterings", KMEANS))
    place.gone = ("cluster",)


def remove_the_features(place):
    os.remove(place.artifact("features", FEATURES))


def edit_labels(place):
    with h5py.File(place.artifact("clusterings", KMEANS), "r+") as file:
        labels = file["k=3/labels"]
        labels[...] = (labels[:] + 1) % 3


def labels_out_of_range(place):
    with h5py.File(place.artifact("clusterings", KMEANS), "r+") as file:
        file["k=3/labels"][0] = 77


def labels_of_another_length(place):
    with h5py.File(place.artifact("clusterings", KMEANS), "r+") as file:
        for group in ("k=3", "k=4"):
            short = file[group]["labels"][:-10]
            del file[group]["labels"]
            file[group]["labels"] = short


def features_as_doubles(place):
    with h5py.File(place.artifact("features", FEATURES), "r+") as file:
        there = file["features"][:]
        del file["features"]
        file["features"] = there.astype(numpy.float64)


def features_ten_rows_short(place):
    with h5py.File(place.artifact("features", FEATURES), "r+") as file:
        for name in ("features", "status", "image", "path", "content_hash"):
            if name in file:
                there = file[name][:-10]
                del file[name]
                file[name] = there


def remove_the_recipe(place):
    with h5py.File(place.artifact("clusterings", KMEANS), "r+") as file:
        del file.attrs["recipe"]


def remove_a_solution(place):
    with h5py.File(place.artifact("clusterings", KMEANS), "r+") as file:
        del file["k=4"]


def exchange_an_attribute(place):
    """Texts beside the data say what was done, and of what."""
    with h5py.File(place.artifact("clusterings", KMEANS), "r+") as file:
        file.attrs["algorithm"] = numpy.bytes_("ward")


def an_attribute_of_numbers(place):
    """More of them than any text has characters."""
    with h5py.File(place.artifact("clusterings", KMEANS), "r+") as file:
        file.attrs["reduction"] = numpy.arange(7000.0)


def nothing(_):
    """But that the study was copied, and goes by another name: so is every study of these tests."""


def remove_the_manifest(place):
    os.remove(place.path("study", "manifest.json"))


def lose_an_image_and_the_manifest(place):
    remove_the_manifest(place)
    lose_an_image(place)


def reverse_file_times(place):
    for kind in ("features", "reductions", "embeddings", "clusterings", "evaluations", "selections", "comparisons", "assignments"):
        for age, name in enumerate(sorted(os.listdir(place.path("study", kind)))):
            os.utime(place.path("study", kind, name), (1.6e9 - 1e6 * age, 1.6e9 - 1e6 * age))


def move_the_images(place):
    """The same list and pictures in another folder; the old one is gone."""
    os.rename(place.images.folder, place.path("moved"))
    place.images.folder = place.path("moved")
    place.instead(LIST, "moved/list.csv", "scan", "assign")
    place.must(*place.options["scan"], "--overwrite")


PICTURES = (("extract", "words", *WORDS, *STRICT), ("scan",))  # which must refuse, and which may do either
# What changed: how, the commands that must refuse, and those that may refuse or do it right. All others must do it right.
CHANGES = {
    "nothing, copied and renamed": (nothing, (), ()),
    "gained an image": (gain_an_image, *PICTURES),
    "lost an image": (lose_an_image, *PICTURES),
    "an image replaced": (replace_an_image, *PICTURES),
    "replaced, not scanned": (replace_without_scan, (), EVERY),
    "edited in place, not scanned": (edit_in_place, (), ("scan", "extract", "words", "assign")),
    "an image renamed": (rename_an_image, *PICTURES),
    "the folder exchanged": (exchange_all, ("extract", "words", *WORDS, *STRICT), ("scan", *JOINED)),
    "the list reordered": (reorder, (), EVERY),
    "a value corrected": (correct_a_value, ("evaluate", "select", "compare"), ("assign",)),
    "a column added": (add_a_column, (), ("assign",)),
    "a column removed": (remove_a_column, ("topics", "evaluate", "select", "compare"), ("assign",)),
    "duplicates skipped": (skip_duplicates, *PICTURES),
    "other weights": (other_weights, ("extract", *STRICT, *JOINED), ()),
    "fast decoding": (decode_fast, (), EVERY),
    "reduced again": (reduce_again, (*STRICT, *JOINED), ()),
    "clustered again": (cluster_again, ("cluster", *FROM_CLUSTERING), ("report",)),
    "clustering removed": (remove_the_clustering, ("evaluate", "select", "assign", "code make", *JOINED), ("compare",)),
    "features removed": (remove_the_features, (*STRICT, *JOINED), ()),
    "labels edited": (edit_labels, ("evaluate", "select", "compare", "code make", *JOINED), ("cluster", "assign")),
    "labels out of range": (labels_out_of_range, ("evaluate", "select", "compare", "code make", *JOINED), ("cluster", "assign")),
    "labels too few": (labels_of_another_length, ("evaluate", "select", "compare", "code make", *JOINED), ("cluster", "assign")),
    "features as doubles": (features_as_doubles, (), EVERY),
    "features ten rows short": (features_ten_rows_short, ("extract",), EVERY),
    "recipe removed": (remove_the_recipe, ("cluster", *FROM_CLUSTERING, *JOINED), ()),
    "a solution removed": (remove_a_solution, ("evaluate", "select", "compare", "code make", *JOINED), ("cluster", "assign")),
    "an attribute exchanged": (exchange_an_attribute, ("evaluate", "select", "compare", "code make", *JOINED), ("cluster", "assign")),
    "an attribute of numbers": (an_attribute_of_numbers, ("evaluate", "select", "compare", "code make", *JOINED), ("cluster", "assign")),
    "manifest removed": (remove_the_manifest, (), ()),
    "and an image lost": (lose_an_image_and_the_manifest, *PICTURES),
    "file times reversed": (reverse_file_times, (), ()),
    "images moved": (move_the_images, (), EVERY),
}
SOUND = ("nothing, copied and renamed", "edited in place, not scanned", "replaced, not scanned", "a column added", "manifest removed",
         "file times reversed", "the list reordered", "fast decoding", "images moved")  # verify may be content
