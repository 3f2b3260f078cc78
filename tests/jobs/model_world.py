"""A small collection and a model of its study: which generation each artifact is of, and what follows from that."""

import os
import shutil

from generation_study import Fault
from model_fresh import POOL, content_bytes, write_imported, write_list

CURRENT, PERHAPS, STALE = 0, 1, 2  # PERHAPS: the contract leaves it open, for example when only the order changed
START = 9  # images


def hard(key):
    """A generation without what may change and leave it the same: order, metadata, images that could not be read."""
    if key[0] == "features":
        return (*key[:3], tuple(sorted(row for row in key[3] if row[1] is not None)))
    return (*key[:-1], hard(key[-1]))


def features_of(key):
    return key if key[0] == "features" else features_of(key[-1])


def numbers_of(reduction):
    """What the numbers of a reduction follow from: of its images the contents and their order, not the names."""
    features = reduction[-1]
    return (*reduction[:3], *features[:3], tuple(content for _, content in features[3] if content is not None))


def adopted(key, reduction):
    """A generation that was made of a reduction with the same numbers: it is of this one, too."""
    if key[0] == "features":
        return key
    if key[0] == "reduction":
        return reduction if numbers_of(key) == numbers_of(reduction) else key
    return (*key[:-1], adopted(key[-1], reduction))


class World:
    """Pictures in a folder, or rows in a table of numbers."""

    def __init__(self, folder, source):
        self.folder, self.source = folder, source
        self.rows = [(f"p{i:02}.ppm", i, f"kind {i % 3}", f"place {i % 2}") for i in range(START)]  # name, content, kind, where
        self.columns = ("kind",)
        self.in_place = False
        if source == "images":
            shutil.rmtree(self.images, ignore_errors=True)
            os.makedirs(self.images)
            for name, content, *_ in self.rows:
                self.put(name, content)
        self.write()

    @property
    def images(self):
        return os.path.join(self.folder, "images")

    def put(self, name, content):
        if self.source == "images":
            with open(os.path.join(self.images, name), "wb") as file:
                file.write(content_bytes(content))

    def write(self):
        if self.source == "images":
            write_list(self.images, self.rows, self.columns)
        else:
            write_imported(os.path.join(self.folder, "x.csv"), self.rows, self.columns)

    def contents(self):
        return {row[0]: row[1] for row in self.rows}

    def change(self, what, number):
        """One change, at a place that the number names; whatever it is, at least seven images stay."""
        place = number % len(self.rows)
        name, content, kind, where = self.rows[place]
        if what == "add":
            new = next((i for i in range(99) if f"p{i:02}.ppm" not in self.contents()), 0)
            self.rows.insert(place, (f"p{new:02}.ppm", START + number % (POOL - START), f"kind {number % 3}", "place 0"))
            self.put(self.rows[place][0], self.rows[place][1])
        elif what == "remove" and len(self.rows) > 7:
            del self.rows[place]
            if self.source == "images":
                os.remove(os.path.join(self.images, name))
        elif what in ("edit", "edit-in-place"):
            self.edit(place, (content + POOL) % (2 * POOL), keep_times=what == "edit-in-place")
        elif what == "replace":
            other = self.rows[(place + 1) % len(self.rows)][1]
            self.edit(place, other)
        elif what == "rename":
            self.rows[place] = (f"q{name}", content, kind, where)
            if self.source == "images":
                os.rename(os.path.join(self.images, name), os.path.join(self.images, f"q{name}"))
        elif what == "value":
            self.rows[place] = (name, content, f"kind {(int(kind[-1]) + 1) % 3}", where)
        elif what == "column":
            self.columns = ("kind", "where") if len(self.columns) == 1 else ("kind",)
        elif what == "reorder":
            self.rows = self.rows[place:] + self.rows[:place]
        self.write()

    def edit(self, place, content, keep_times=False):
        name = self.rows[place][0]
        self.rows[place] = (name, content, *self.rows[place][2:])
        if self.source != "images":
            return
        path = os.path.join(self.images, name)
        before = os.stat(path)
        self.put(name, content)
        if keep_times:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


class Listed:
    """What the last scan saw."""

    def __init__(self, world, skip):
        self.rows, self.columns, self.skip = tuple(world.rows), world.columns, skip
        seen, self.duplicates = set(), set()
        for name, content, *_ in self.rows:
            if content in seen:
                self.duplicates.add(name)
            seen.add(content)
        self.usable = tuple((name, content) for name, content, *_ in self.rows if not (skip and name in self.duplicates))

    def __eq__(self, other):
        return (self.rows, self.columns, self.skip) == (other.rows, other.columns, other.skip)


class Model:
    """What the study holds: {(kind, name): generation}; a generation is a tuple of its options whose last part is its parent's."""

    def __init__(self, world):
        self.world, self.listed, self.made, self.choice = world, None, {}, None
        self.order = []  # of clusterings, as they were made
        self.exports = False  # an output folder was written: whether an old one is stale the contract does not say

    def copy(self):
        other = Model(self.world)
        other.listed, other.made, other.choice, other.order, other.exports = self.listed, dict(self.made), self.choice, list(self.order), self.exports
        return other

    def fit_of_features(self):
        key = self.made.get(("features", "f"))
        if key is None:
            return STALE
        if self.world.source == "rows":
            return CURRENT
        there, listed = [row for row in key[3] if row[1] is not None], self.listed.usable
        if tuple(there) == listed:
            return CURRENT if len(there) == len(key[3]) else PERHAPS
        if sorted(there) == sorted(listed):
            return PERHAPS
        lost = {name for name, content in key[3] if content is None}
        return PERHAPS if sorted(there) == sorted(row for row in listed if row[0] not in lost) else STALE

    def parent_of(self, kind, key):
        """(kind, name) of the parent of a generation."""
        if kind == "features":
            return None
        if kind in ("reductions",):
            return "features", "f"
        if kind == "clusterings":
            return ("features", "f") if key[-1][0] == "features" else ("reductions", key[-1][1])
        return "clusterings", key[-1][1]

    def fit(self, kind, name, join=False):
        """Whether this artifact and all above it are of one generation with what is there now."""
        key = self.made.get((kind, name))
        if key is None:
            return STALE
        if kind == "features":
            return CURRENT if join else self.fit_of_features()
        parent = self.parent_of(kind, key)
        above = self.fit(*parent, join)
        now = self.made.get(parent)
        if now is None or hard(now) != hard(key[-1]):
            return STALE
        return max(above, CURRENT if now == key[-1] else PERHAPS)

    def put(self, kind, name, key):
        self.made[kind, name] = key
        if kind == "reductions":
            self.made = {place: made if place[0] == "comparisons" else adopted(made, key) for place, made in self.made.items()}
        if kind == "clusterings":
            self.order = [other for other in self.order if other != name] + [name]

    def newest(self):
        return self.order[-1] if self.order else None

    def kinds(self, names):
        """The column `kind` of these images, as the study has it now."""
        rows = self.listed.rows if self.world.source == "images" else self.made["features", "f"][4]
        found = {row[0]: row[2 if self.world.source == "images" else 1] for row in rows}
        if not set(names) <= set(found):
            raise Fault(f"no kinds of {sorted(set(names) - set(found))}")
        return [found[name] for name in names]
