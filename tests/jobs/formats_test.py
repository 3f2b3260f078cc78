"""docs/formats.md says how h5py opens a study and what lies in it: this runs its very lines, and holds its tables to what
the files of a study that has every kind of artifact hold."""

import os
import re
import tarfile
import unittest

from coterie_program import ProgramTest, SOURCE, draw, main, make_images, read, run, write_names

try:
    import h5py
except ImportError:
    h5py = None

PAGE = read(os.path.join(SOURCE, "docs/formats.md")).decode()
RANDOM = ("--backbone", "efficientnet_lite0", "--weights", "random:1")
EVERYWHERE = {"recipe", "seal"}  # attributes that the page describes once for all


class Section:
    """What the page says of one kind of artifact."""

    def __init__(self, text):
        self.datasets, self.attributes = {}, set()
        for line in text.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            names = re.findall(r"`([^`]+)`", cells[0])
            if not line.startswith("| `"):
                continue
            if len(cells) == 2:
                self.attributes.update(names)
            else:
                for name in names:
                    ranks = {shape.count("×") + 1 for shape in cells[2].split(";")}
                    self.datasets[name] = (cells[1], ranks)

    def entry_of(self, dataset):
        """The documented name that stands for a dataset's."""
        found = [name for name in self.datasets if re.fullmatch(pattern_of(name), dataset)]
        return found[0] if len(found) == 1 else None


def pattern_of(name):
    """Words in capitals stand for anything: `k=K/labels`."""
    return "".join("[^/]+" if re.fullmatch("[A-Z]+", part) else re.escape(part) for part in re.split("([A-Z]+)", name))


def sections():
    parts = re.split(r"^## (.*)$", PAGE, flags=re.MULTILINE)
    return {title: Section(text) for title, text in zip(parts[1::2], parts[2::2])}


def type_of(dataset):
    return "text" if h5py.check_string_dtype(dataset.dtype) else dataset.dtype.name


def datasets_of(file):
    found = []
    file.visititems(lambda name, item: found.append((name, item)) if isinstance(item, h5py.Dataset) else None)
    return found


@unittest.skipIf(h5py is None, "python3-h5py is not installed")
class Formats(ProgramTest):
    def test_the_lines_of_the_page_open_a_study(self):
        make_images(self.path("images"), each=4)
        study = self.path("study")
        run(0, "run", os.path.join(SOURCE, "configs/quickstart.ini"), "--study", study, "--images", self.path("images"), "--weights", "random:1",
            "--k", "10", "--components", "6")
        lines = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL).group(1)
        names = {}
        exec(lines.replace("STUDY", study), names)  # pylint: disable=exec-used
        self.assertEqual(len(names["labels"]), 16)
        self.assertEqual(len(names["paths"]), 16)
        self.assertEqual(names["paths"][0], b"discs/discs 0.png")
        self.assertEqual(set(names["labels"]), set(range(10)))

    def everything(self):
        """A study with every kind of artifact, and every form of each; its artifacts, by kind."""
        images, study = self.path("images"), self.path("study")
        make_images(images, each=5)
        for name, mode in (("plain.tar", "w"), ("packed.tgz", "w:gz")):
            with open(self.path("noise.png"), "wb") as file:
                file.write(draw("noise", len(name)))
            with tarfile.open(os.path.join(images, name), mode) as tar:
                tar.add(self.path("noise.png"), arcname="noise.png")
        with open(self.path("x.csv"), "w", encoding="utf-8") as file:
            file.write("name,kind,a,b\n" + "".join(f"{i}.jpg,{i % 3},{i % 3 * 9},{i % 7}\n" for i in range(30)))
        at = ("--study", study)
        clustering = ("--clustering", "efficientnet_lite0-pca-kmeans")
        for command in (("scan", "--images", images), ("extract", *RANDOM), ("train", "--width", "0.05", "--image-size", "64", "--clusters", "2", "--epochs", "1", "--batch", "8"), ("words",), ("codebook", "--words", "4"), ("topics", "--topics", "2"),
                        ("topics", "--topics", "3", "--spatial", "--max-iter", "3"), ("words", "--rootsift"), ("import", "--file", self.path("x.csv")),
                        ("reduce", "--features", "efficientnet_lite0", "--components", "4", "--normalize", "standard"),
                        ("embed", "--iterations", "20"), ("cluster", "--map", "tsne", "--k", "2", "--name", "on-map"), ("cluster", "--k", "2-4", "--n-init", "2"), ("cluster", "--k", "2", "--algorithm", "ward"),
                        ("cluster", "--k", "2", "--algorithm", "mixture", "--covariance", "tied"),
                        ("cluster", "--k", "3", "--raw", "--features", "x", "--algorithm", "mixture", "--n-init", "2"),
                        ("evaluate", *clustering, "--labels", "folder"),
                        ("select", *clustering, "--labels", "folder", "--bootstrap", "3", "--gap", "2", "--figures=false"),
                        ("compare", "--clusterings", "efficientnet_lite0-pca-kmeans", "--labels", "folder", "--figures=false"),
                        ("assign", "--clustering", "efficientnet_lite0-pca-mixture", "--images", images, "--name", "new", *RANDOM[2:])):
            run(0, command[0], *at, *command[1:])
        write_names(self.path("names.json"), study, "efficientnet_lite0-pca-ward", ["a", "b"])
        for task, more in (("fit", ()), ("labels", ("--names", self.path("names.json")))):
            run(0, "code", "make", *at, "--clustering", "efficientnet_lite0-pca-ward", "--task", task, "--name", task, "--per-cluster", "3", *more)
        run(0, "code", "read", *at, "--coding", "fit", os.path.join(study, "forms/fit/coder1.csv"))
        artifacts = {}
        for folder, _, names in os.walk(study):
            for name in names:
                if name.endswith(".h5") and name != "study.h5":
                    artifacts.setdefault(name if name == "images.h5" else os.path.basename(folder), []).append(os.path.join(folder, name))
        return artifacts

    def test_the_tables_of_the_page_are_what_the_files_hold(self):
        page, artifacts = sections(), self.everything()
        kinds = {"images.h5", "features", "checkpoints", "descriptors", "codebooks", "topics", "reductions", "embeddings", "clusterings", "evaluations", "selections", "comparisons",
                 "assignments", "coding", "answers"}
        self.assertEqual(set(artifacts), kinds)
        for kind, paths in artifacts.items():
            section, seen, attributes = page[kind], set(), set()
            for path in paths:
                with h5py.File(path) as file:
                    attributes |= set(file.attrs)
                    for name, dataset in datasets_of(file):
                        with self.subTest(kind=kind, path=path, dataset=name):
                            entry = section.entry_of(name)
                            self.assertIsNotNone(entry, "is not documented, or by two entries")
                            seen.add(entry)
                            self.assertIn(type_of(dataset), section.datasets[entry][0].split(" or "))
                            self.assertIn(len(dataset.shape), section.datasets[entry][1])
                            self.assertEqual(set(dataset.attrs), {"xxh3"})
            self.assertEqual(seen, set(section.datasets), f"{kind}: documented, but in no file")
            self.assertEqual(attributes - EVERYWHERE, section.attributes, f"{kind}: attributes")


if __name__ == "__main__":
    main()
