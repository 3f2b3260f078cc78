#!/usr/bin/env python3
"""Compares coterie's tar shards with WebDataset: what its ShardWriter writes, and what its reader makes of it.

    shards_oracle.py BUILD_DIR

Samples, their bytes, classes and captions, from plain and compressed shards; and its patterns of shards (braceexpand).

Covers: shards
"""

import io
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import braceexpand
import h5py
import numpy as np
import webdataset
from PIL import Image

FORMATS = ("jpg", "png", "ppm")
PATTERNS = ("{00..03}.tar", "{2..11}.tar", "{09..11}.tar", "{0,07}.tar", "{a,b}{1..2}.tar", "{3..1}.tar", "x{0..6..3}.tar")


def scan(build, study, images):
    """The columns of images.h5 that are compared."""
    subprocess.run([build / "coterie", "scan", "--study", study, "--images", images], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"})
    with h5py.File(study / "images.h5") as file:
        columns = [name.decode() for name in file["columns"][:]]
        found = {name: [value.decode() for value in file[f"metadata/{c}"][:]] for c, name in enumerate(columns)}
        found["path"] = [path.decode() for path in file["path"][:]]
        for name in ("shard", "offset", "bytes", "status"):
            found[name] = file[name][:]
        found["shards"] = [path.decode() for path in file["shards/path"][:]]
        return found


def write_shards(folder, ending, dice):
    with webdataset.ShardWriter(str(folder / f"set-%05d.{ending}"), maxcount=7, verbose=0) as sink:
        for i in range(40):
            pixels = np.random.default_rng(i).integers(0, 256, (dice.randrange(8, 40), dice.randrange(8, 40), 3), np.uint8)
            encoded = io.BytesIO()
            kind = FORMATS[i % 3]
            Image.fromarray(pixels).save(encoded, {"jpg": "JPEG", "png": "PNG", "ppm": "PPM"}[kind])
            sample = {"__key__": f"{i % 4}/sample{i:04}", kind: encoded.getvalue(), "cls": i % 5,
                      "json": {"year": 1900 + i, "name": f"n{i}", "ratio": i / 8, "list": [i]}}
            if i % 3:
                sample["txt"] = f"caption, \"{i}\" \u00e9"
            sink.write(sample)


def check_samples(build, folder, ending):
    names = sorted(path.name for path in folder.glob(f"*.{ending}"))
    pattern = str(folder / f"set-{{00000..{len(names) - 1:05}}}.{ending}")
    ours = scan(build, folder / f"study-{ending}", pattern)
    wanted = []
    for sample in webdataset.WebDataset(pattern, shardshuffle=False):
        kind = next(kind for kind in FORMATS if kind in sample)
        path = f"{Path(sample['__url__']).name}/{sample['__key__']}.{kind}"
        fields = webdataset.autodecode.Decoder([webdataset.autodecode.basichandlers])(
            {name: sample[name] for name in ("__key__", "json", "cls", "txt") if name in sample})
        wanted.append((path, len(sample[kind]), fields))
    rows = {path: i for i, path in enumerate(ours["path"])}
    wrong = 0
    for path, size, fields in wanted:
        i = rows.get(path)
        same = i is not None and ours["bytes"][i] == size and ours["status"][i] == 0 and int(ours["cls"][i]) == fields["cls"] \
            and int(ours["year"][i]) == fields["json"]["year"] and ours["name"][i] == fields["json"]["name"] \
            and float(ours["ratio"][i]) == fields["json"]["ratio"] and ours["txt"][i] == fields.get("txt", "")
        wrong += not same
    sound = wrong == 0 and len(wanted) == len(rows) == 40 and "list" not in ours
    print(f"{'ok  ' if sound else 'FAIL'} .{ending}: {wrong} of {len(wanted)} samples differ, {len(rows)} listed", flush=True)
    return sound


def check_patterns(build, folder):
    """Which of some shards a pattern names."""
    source = next(folder.glob("*.tar")).read_bytes()
    place = folder / "patterns"
    place.mkdir()
    for name in {str(name) for pattern in PATTERNS for name in braceexpand.braceexpand(pattern)} | {"spare.tar", "4.tar", "007.tar"}:
        (place / name).write_bytes(source)
    wrong = [pattern for i, pattern in enumerate(PATTERNS)
             if scan(build, folder / f"pattern-{i}", str(place / pattern))["shards"] != list(braceexpand.braceexpand(pattern))]
    print(f"{'FAIL' if wrong else 'ok  '} patterns: {len(wrong)} of {len(PATTERNS)} differ from braceexpand {' '.join(wrong)}", flush=True)
    return not wrong


def main():
    build = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = True
        for ending in ("tar", "tar.gz"):
            write_shards(folder, ending, random.Random(5))
            good &= check_samples(build, folder, ending)
        good &= check_patterns(build, folder)
    sys.exit(not good)


if __name__ == "__main__":
    main()
