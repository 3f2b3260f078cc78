"""Whether what a command left in a study is right: each table and artifact against a recount of its own."""

import base64
import glob
import itertools
import json
import os


from generation_changes import FEATURES, KMEANS, REDUCTION, WARD
from generation_study import (adjusted_rand, check, check_clustering, check_reduction, datasets, folder_of, h5py, labels_of, magenta_in,
                              mean_silhouette, numpy, reduced, shown_in, table)

NEAR = 1e-6  # tables hold nine digits


def study_of(place):
    return place.path("study")


def current(place, clustering, k):
    """{path: label} of the images that are there with the bytes that were clustered."""
    now = place.images.prints()
    return {path: label for path, label in place.labels[clustering][k].items()
            if path in place.images.rows and now.get(path) == place.made_of[path] and path not in place.unseen}


def skipped_duplicates(place):
    return ["p15.ppm"] if "--duplicates" in place.options.get("scan", ()) else []


def check_scan(place):
    with h5py.File(os.path.join(study_of(place), "images.h5"), "r") as file:
        listed = [path.decode() for path in file["path"][:]]
        columns = [name.decode() for name in file["columns"][:]]
        values = {name: [value.decode() for value in file[f"metadata/{i}"][:]] for i, name in enumerate(columns)}
    check(listed == list(place.images.rows), "images.h5 lists other images:", listed)
    for name in place.images.columns:
        check(values.get(name) == list(place.images.column(name).values()), "images.h5 has other values of", name)


def check_extract(place):
    """Rows of images that are as they were are what they were; those of others are not."""
    if "extract" in place.options:
        return
    with h5py.File(os.path.join(study_of(place), "features", f"{FEATURES}.h5"), "r") as file:
        statuses, rows = file["status"][:], file["features"][:]
        check("path" in file, "features know no paths")
        paths = [path.decode() for path in file["path"][:]]
    now = place.images.prints()
    missing = skipped_duplicates(place)
    check(sorted(set(place.images.rows) - set(paths)) == missing, "features are of other images than the list")
    for path, status, row in zip(paths, statuses, rows):
        if path in place.unseen or status != 0:
            continue
        same = now.get(path) == place.made_of.get(path)
        check(path in now, "features of an image that is gone:", path)
        check(path not in place.features or same == bool(numpy.array_equal(row, place.features[path])), "features of other bytes:", path)


def check_words(place):
    with h5py.File(os.path.join(study_of(place), "descriptors", "sift.h5"), "r") as file:
        paths, first = [path.decode() for path in file["path"][:]], file["first"][:]
    check(sorted(set(place.images.rows) - set(paths)) == skipped_duplicates(place), "descriptors are of other images than the list")
    check(len(first) == len(paths) + 1 and max(first[1:] - first[:-1]) <= 20, "descriptors are not of these images")


def check_codebook(place):
    check_words(place)
    with h5py.File(os.path.join(study_of(place), "descriptors", "sift.h5"), "r") as file:
        descriptors, first = file["descriptors"][:].astype(float), file["first"][:]
    with h5py.File(os.path.join(study_of(place), "codebooks", "sift-4.h5"), "r") as file:
        nearest = ((descriptors[:, None] - file["words"][:][None]) ** 2).sum(2).argmin(1)
        check(numpy.array_equal(file["word"][:], nearest), "words are of other descriptors")
        check(len(file["indptr"][:]) == len(first), "bags are of other images")


def check_topics(place):
    check_codebook(place)
    tables = glob.glob(os.path.join(folder_of(study_of(place), "tables", "topics", "sift-4-lda"), "documents-2.csv"))
    check(len(tables) == 1, "documents of topics:", tables)
    with open(tables[0], encoding="utf-8") as file:
        paths = {line.split(",")[0] for line in file.read().splitlines()[1:]}
    check(paths == set(place.listed.rows) - set(skipped_duplicates(place)), "topics are of other images")


def check_reduce(place):
    check_extract(place)
    check_reduction(study_of(place), REDUCTION)


def check_embed(place):
    check_reduce(place)
    rows = reduced(study_of(place), REDUCTION)
    distances = numpy.sqrt(((rows[:, None] - rows[None]) ** 2).sum(2))
    numpy.fill_diagonal(distances, numpy.inf)
    with h5py.File(os.path.join(study_of(place), "embeddings", f"{REDUCTION}-tsne.h5"), "r") as file:
        check(file["positions"].shape == (len(rows), 2), "the map has", file["positions"].shape[0], "images")
        found = file["neighbours"][:, 0]
        check(numpy.allclose(distances[numpy.arange(len(rows)), found], distances.min(1), atol=1e-5), "neighbours are of other rows")


def check_cluster(place, name=KMEANS):
    check_reduce(place)
    check_clustering(study_of(place), name, reduced(study_of(place), REDUCTION))
    for k, found in labels_of(study_of(place), name).items():
        check(found == list(place.labels[name][k].values()), f"clusterings/{name} has other labels for k = {k}")


def measured(place, k):
    """Of k-means: the mean silhouette, and the adjusted Rand index with the column as it is now."""
    labels, kinds = place.labels[KMEANS][k], place.images.column("kind")
    return (mean_silhouette(reduced(study_of(place), REDUCTION), list(labels.values())),
            adjusted_rand(list(labels.values()), [kinds[path] for path in labels]))


def check_evaluate(place):
    with h5py.File(os.path.join(study_of(place), "evaluations", f"{KMEANS}.h5"), "r") as file:
        for k in place.labels[KMEANS]:
            silhouette, agreement = measured(place, k)
            check(abs(file[f"k={k}/silhouette_mean"][0] - silhouette) < 1e-4, f"the silhouette of k = {k} is another's")
            check(abs(file[f"k={k}/agreement/kind/adjusted_rand"][0] - agreement) < NEAR, f"the agreement of k = {k} is another's")


def check_select(place):
    rows = {int(row["k"]): row for row in table(folder_of(study_of(place), "tables", "selections", KMEANS), "k_selection.csv")}
    check(sorted(rows) == sorted(place.labels[KMEANS]), "k_selection.csv is of other k:", sorted(rows))
    for k, row in rows.items():
        silhouette, agreement = measured(place, k)
        check(abs(float(row["silhouette"]) - silhouette) < 1e-4, f"k_selection.csv: the silhouette of k = {k} is another's")
        check(abs(float(row["ari_kind"]) - agreement) < NEAR, f"k_selection.csv: the agreement of k = {k} is another's")


def check_compare(place):
    kinds = place.images.column("kind")
    labellings = {f"{name}:{k}": list(found.values()) for name in (KMEANS, WARD) for k, found in place.labels[name].items()
                  if os.path.exists(place.artifact("clusterings", name))}
    labellings["kind"] = [kinds[path] for path in place.labels[WARD][3]]
    rows = table(folder_of(study_of(place), "tables", "comparisons", "comparison"), "pairs.csv")
    check(len(rows) == len(list(itertools.combinations(labellings, 2))), "pairs.csv has", len(rows), "pairs")
    for row in rows:
        index = adjusted_rand(labellings[row["first"]], labellings[row["second"]])
        check(abs(float(row["adjusted_rand"]) - index) < NEAR, "pairs.csv:", row["first"], "and", row["second"], "have another index")
    crosstabs = glob.glob(os.path.join(glob.escape(folder_of(study_of(place), "tables", "comparisons", "comparison")), "crosstab-*.csv"))
    check(len(crosstabs) == len(rows), len(crosstabs), "crosstabs of", len(rows), "pairs")


def check_assign(place):
    """The study's own images get the labels that they have."""
    folder = folder_of(study_of(place), "tables", "assignments", "own")
    rows = {row["path"]: int(row["label"]) for row in table(folder, "assigned.csv")}
    skipped = [row["path"] for row in table(folder, "skipped.csv")]
    check(sorted([*rows, *skipped]) == sorted(place.images.rows), "assigned and skipped do not add up:", len(rows), "and", len(skipped))
    for path, label in current(place, KMEANS, 3).items():
        check(rows.get(path, label) == label, "assigned.csv gives", path, "another label than it has")


def check_export(place):
    folder = folder_of(study_of(place), "tables", f"{KMEANS}-k3")
    lines = table(folder, "assignments.csv")
    rows = {line["path"]: int(line["label"]) for line in lines}
    check(len(rows) == len(lines), "assignments.csv has an image twice")
    skipped = {row["path"]: row["status"] for row in table(folder, "skipped.csv")}
    check(sorted([*rows, *skipped]) == sorted(place.images.rows), "assignments and skipped do not add up:", len(rows), "and", len(skipped))
    right = current(place, KMEANS, 3)
    for path, label in rows.items():
        if path in place.unseen:
            right[path] = place.labels[KMEANS][3][path]
        check(path in right, "assignments.csv has", path, "whose bytes were never clustered")
        check(label == right[path], "assignments.csv:", path, "has label", label, "and was given", right[path])
    left_out = set(right) - set(rows) - set(skipped_duplicates(place))
    check(not left_out, "not in assignments.csv:", sorted(left_out))
    for name in place.images.columns:
        column = place.images.column(name)
        check(all(line[name] == column[line["path"]] for line in lines), "assignments.csv has other values of", name)


def check_montage(place):
    pictures = glob.glob(os.path.join(folder_of(study_of(place), "montages", f"{KMEANS}-k3"), "*.png"))
    check(len(pictures) == 2, "pictures:", pictures)
    for path in pictures:
        check(not magenta_in(path), os.path.basename(path), "shows an image whose bytes were never clustered")


def check_report(place):
    shown = shown_in(study_of(place))
    check(shown, "the report shows nothing")
    check(not shown & place.magenta, "the report shows an image whose bytes were never clustered")


def part_of(folder, name):
    """The bytes of one part of a viewer's data."""
    with open(os.path.join(folder, "data", f"{name}.js"), encoding="ascii") as file:
        return base64.b64decode(file.read().split('","')[1].split('"')[0])


def about_viewer(folder):
    with open(os.path.join(folder, "index.html"), encoding="utf-8") as file:
        return json.loads(file.read().split('id="about">')[1].split("</script>")[0])


def check_view(place):
    folder = folder_of(study_of(place), "viewer")
    about = about_viewer(folder)
    paths = json.loads(part_of(folder, "paths-0"))
    check(len(set(paths)) == about["count"] == len(paths), "the viewer has an image twice")
    right = current(place, KMEANS, 3)
    check(set(right) - set(skipped_duplicates(place)) <= set(paths) <= {*right, *place.unseen}, "the viewer shows other images:", paths)
    for number, solution in enumerate(about["solutions"]):
        labels = part_of(folder, f"solution-{number}")
        known = place.labels[WARD if "ward" in solution["clustering"] else KMEANS][solution["k"]]
        for path, label in zip(paths, labels):
            check(label == known.get(path, 255), "the viewer:", path, "has label", label, "of", solution["clustering"], "and was given", known.get(path))


def check_code_make(place):
    labels = list(place.labels[KMEANS][3].values())
    with h5py.File(os.path.join(study_of(place), "coding", "coded.h5"), "r") as file:
        clusters, row, first = file["item_cluster"][:], file["item_row"][:], file["item_row_first"][:]
        tokens = {token.decode() for token in file["form_token"][:]}
        check(all(labels[row[begin]] == cluster for begin, cluster in zip(first, clusters)), "items are of other clusters than their images")
    there = {line["token"] for coder in (1, 2) for line in table(folder_of(study_of(place), "forms", "coded"), f"coder{coder}.csv")}
    check(there == tokens, "the forms are of another coding")


def check_stage(stage, place):
    {"scan": check_scan, "extract": check_extract, "words": check_words, "codebook": check_codebook, "topics": check_topics,
     "reduce": check_reduce, "embed": check_embed, "cluster": check_cluster,
     "ward": lambda there: check_cluster(there, WARD),
     "evaluate": check_evaluate, "select": check_select, "compare": check_compare, "assign": check_assign, "montage": check_montage,
     "report": check_report, "view": check_view, "export": check_export, "code make": check_code_make}[stage](place)


# ---- after the way out: as if the study had been made of what is there now

ARTIFACTS = {"scan": ("", "images"), "extract": ("features", FEATURES), "words": ("descriptors", "sift"), "codebook": ("codebooks", "sift-4"),
             "topics": ("topics", "sift-4-lda"), "reduce": ("reductions", REDUCTION), "embed": ("embeddings", f"{REDUCTION}-tsne"),
             "cluster": ("clusterings", KMEANS),
             "ward": ("clusterings", WARD), "evaluate": ("evaluations", KMEANS), "select": ("selections", KMEANS),
             "compare": ("comparisons", "comparison"), "assign": ("assignments", "own"), "code make": ("coding", "coded")}
FOLDERS = {"topics": ("tables", "topics", "sift-4-lda"), "select": ("tables", "selections", KMEANS), "compare": ("tables", "comparisons", "comparison"), "assign": ("tables", "assignments", "own"),
           "export": ("tables", f"{KMEANS}-k3"), "montage": ("montages", f"{KMEANS}-k3"), "code make": ("forms", "coded")}


def results(stage, study):
    """What a stage left, in a form that two studies can be compared by."""
    found = {}
    if stage in ARTIFACTS:
        kind, name = ARTIFACTS[stage]
        found.update(datasets(os.path.join(study, kind, f"{name}.h5")))
    if stage in FOLDERS:
        folder = folder_of(study, *FOLDERS[stage])
        for path in glob.glob(os.path.join(folder, "**"), recursive=True):
            if os.path.isfile(path) and os.path.basename(path) != "provenance.json":
                with open(path, "rb") as file:
                    found[os.path.relpath(path, folder)] = file.read()
    if stage == "report":
        found["shown"] = sorted(shown_in(study))
    if stage == "view":  # what else there is beside the clustering is not this one's
        folder = folder_of(study, "viewer")
        paths = json.loads(part_of(folder, "paths-0"))  # in the order of a map
        for number, solution in enumerate(about_viewer(folder)["solutions"]):
            if solution["clustering"] == KMEANS:
                found[solution["k"]] = sorted(zip(paths, part_of(folder, f"solution-{number}")))
    check(found, f"{stage} left nothing")
    return found


def check_as_fresh(stage, study, fresh):
    there, right = results(stage, study), results(stage, fresh)
    check(sorted(there) == sorted(right), f"{stage} left other files than in a fresh study:", sorted(set(there) ^ set(right)))
    for name, data in right.items():
        check(there[name] == data, f"{stage}: {name} is not what a fresh study has")
