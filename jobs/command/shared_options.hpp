#pragma once

#include "coterie/study/option.hpp"

/// Options that several commands take, each written once.
namespace coterie::jobs::option {

inline constexpr Option images{
    "images",
    Role::place,
    OptionType::text,
    "",
    "PATH",
    "a folder (searched through, tars in it, too), a .tar, .tar.gz or .tgz, a pattern of them such as "
    "'shards/{00..99}.tar', a text file of paths, or a CSV with a column of paths",
    0,
    kMost,
    "",
    true};
inline constexpr Option root{
    "root", Role::place, OptionType::text,
    "",     "DIR",       "the folder that paths in a list are relative to; default: the list's own",
    0,      kMost,       "",
    true};
inline constexpr Option path_column{
    "path-column",
    Role::place,
    OptionType::text,
    "",
    "NAME",
    "the CSV column of paths; default: path, filename, file, image or the like (File Name, img_path), said when taken",
    0,
    kMost,
    "",
    true};
inline constexpr Option encoding{
    "encoding",
    Role::place,
    OptionType::choice,
    "auto",
    "",
    "of a list or table that is no UTF-8: Windows-1252 (Latin-1 is part of it), or bytes as they are; auto: "
    "Windows-1252, unless the bytes as they are name a file",
    0,
    kMost,
    "auto|bytes|windows-1252",
    true};
inline constexpr Option by_content{
    "by-content",
    Role::place,
    OptionType::flag,
    "false",
    "",
    "look into files whose names say nothing (no suffix, .jpg_orig) and take those that begin as an image does",
    0,
    kMost,
    "",
    true};
inline constexpr Option max_pixels{"max-pixels",
                                   Role::result,
                                   OptionType::count,
                                   "500000000",
                                   "PIXELS",
                                   "larger images are recorded as too large, not decoded",
                                   1,
                                   1e12};
inline constexpr Option max_bytes{"max-bytes", Role::result, OptionType::size,
                                  "2GiB",      "SIZE",       "larger files are recorded as too large, not read"};
inline constexpr Option backbone{
    "backbone",       Role::result,
    OptionType::text, "efficientnet_lite0",
    "NAME,...",       "the network, or several, which decode each image once; coterie info --backbone NAME shows one"};
inline constexpr Option layer{
    "layer",
    Role::result,
    OptionType::text,
    "",
    "NAME,...",
    "the layers whose outputs are features, an artifact for each; with several networks also NETWORK:LAYER; default: "
    "each network's usual one"};
inline constexpr Option weights{
    "weights",
    Role::place,
    OptionType::text,
    "",
    "FILE",
    "the weight file (.pth, .h5, .pb, .safetensors), with several networks NETWORK=FILE,...; or random:SEED for "
    "tests; "
    "default: what tools/fetch_weights fetched",
    0,
    kMost,
    "",
    true};
inline constexpr Option device{"device", Role::effort, OptionType::choice,
                               "auto",   "",           "where the network runs; auto takes a GPU where there is one",
                               0,        kMost,        "auto|cpu|cuda"};
inline constexpr Option precision{
    "precision",
    Role::result,
    OptionType::choice,
    "fp32",
    "",
    "what the network computes in; tf32 and fp16 on GPUs only; auto: the fastest that this device is made for",
    0,
    kMost,
    "auto|fp32|tf32|bf16|fp16"};
inline constexpr Option batch{
    "batch", Role::effort, OptionType::count,
    "0",     "N",          "images in one run of the network on a CPU; 0: found by a short measurement",
    0,       1024,         "",
    true};
inline constexpr Option gpu_batch{
    "gpu-batch", Role::effort, OptionType::count,
    "64",        "N",          "images in one run of the network on a GPU; halved by itself when its memory is short",
    1,           65536};
inline constexpr Option share_weights{
    "share-weights",
    Role::effort,
    OptionType::choice,
    "auto",
    "",
    "one copy of a network's weights for all ranks of a node (CPU, fp32); auto: where copies would take over 5 % of "
    "its memory",
    0,
    kMost,
    "auto|yes|no"};
inline constexpr Option preprocess{
    "preprocess", Role::result,    OptionType::text,
    "",           "KEY=VALUE,...", "departures from the backbone's own preprocessing, such as filter=bilinear"};
inline constexpr Option exif{
    "exif",     Role::result, OptionType::choice,
    "backbone", "",           "the rotation that a camera wrote into the file; backbone: as its origin does",
    0,          kMost,        "backbone|apply|ignore"};
inline constexpr Option alpha{
    "alpha",    Role::result, OptionType::choice,
    "backbone", "",           "transparency: put on white, on black, or dropped; backbone: as its origin does",
    0,          kMost,        "backbone|white|black|drop"};
inline constexpr Option levels{
    "levels",
    Role::result,
    OptionType::choice,
    "backbone",
    "",
    "white, of samples of more than 8 bits: the format's largest value (full), or that of the "
    "bits in use (range), for 12 bits in 16; backbone: full",
    0,
    kMost,
    "backbone|full|range"};
inline constexpr Option fast_decode{
    "fast-decode",
    Role::result,
    OptionType::flag,
    "false",
    "",
    "decode JPEGs at a half, a quarter or an eighth where that is large enough; changes pixels slightly"};
inline constexpr Option decode_threads{
    "decode-threads",
    Role::effort,
    OptionType::count,
    "0",
    "N",
    "more threads that only decode: for slow disks; 0: the --threads themselves decode between batches, and beside a "
    "GPU there are as many as --threads",
    0,
    4096};
inline constexpr Option file{
    "file", Role::place, OptionType::text,
    "",     "FILE",      "features made elsewhere: .npy (N x D), .csv/.tsv (a row for each image), or .h5",
    0,      kMost,       "",
    true};
inline constexpr Option feature_columns{
    "feature-columns",
    Role::result,
    OptionType::text,
    "",
    "COLUMN,...",
    "the columns of a CSV --file that are features: NAME, PREFIX* or FIRST..LAST; default: those of one numbered name, "
    "else all with numbers; refused where that is in doubt",
    0,
    kMost,
    "",
    true};
inline constexpr Option name_column{
    "name-column",
    Role::result,
    OptionType::text,
    "",
    "COLUMN",
    "the column of a CSV --file that names the rows; default: as --path-column's, else id or name, else the only text",
    0,
    kMost,
    "",
    true};
inline constexpr Option header{
    "header",
    Role::result,
    OptionType::choice,
    "auto",
    "",
    "whether the first line of a CSV --file names the columns; auto: unless it holds numbers, other than 0,1,2 ...",
    0,
    kMost,
    "auto|yes|no",
    true};
inline constexpr Option dataset{
    "dataset", Role::place, OptionType::text, "features", "NAME", "the dataset inside an .h5 file", 0, kMost, "", true};
inline constexpr Option names{
    "names", Role::place, OptionType::text,
    "",      "FILE",      "one name for each row: a text file, or a CSV whose other columns are kept as labels",
    0,       kMost,       "",
    true};
inline constexpr Option features{
    "features", Role::place, OptionType::text, "", "NAME", "the features to read; default: the newest", 0, kMost,
    "",         true};
inline constexpr Option clustering{
    "clustering", Role::place, OptionType::text, "", "NAME", "the clustering to read; default: the newest", 0, kMost,
    "",           true};
inline constexpr Option name{"name", Role::place, OptionType::text,
                             "",     "NAME",      "what to call the artifact; default: made from its input",
                             0,      kMost,       "",
                             true};
inline constexpr Option components{"components",
                                   Role::result,
                                   OptionType::count,
                                   "",
                                   "N",
                                   "principal components to keep; 0: all; default: 32, or as many as --variance takes",
                                   0,
                                   kMaxCount};
inline constexpr Option algorithm{
    "algorithm",
    Role::result,
    OptionType::choice,
    "k-means",
    "",
    "k-means; mini-batch (k-means on drawn rows: a first look at millions); ward (a tree that every k is cut from); mixture (of "
    "Gaussians, with a probability for each cluster)",
    0,
    kMost,
    "k-means|mini-batch|ward|mixture"};
inline constexpr Option k{"k", Role::result, OptionType::counts,
                          "",  "K",          "the number of clusters, or several: 8 or 6,8,10 or 5-20",
                          1,   kMaxCount};
inline constexpr Option n_init{
    "n-init",
    Role::result,
    OptionType::count,
    "",
    "N",
    "runs from different seeds, of which the best is kept; default: 10, mini-batch 3, mixture 1",
    1,
    10000};
inline constexpr Option batch_rows{"batch-rows",
                                   Role::result,
                                   OptionType::count,
                                   "0",
                                   "ROWS",
                                   "rows of one step; 0: mini-batch 1024, incremental PCA 5 times the columns",
                                   0,
                                   kMaxCount};
inline constexpr Option seed{
    "seed", Role::result, OptionType::count, "1", "N", "the seed of all random draws of this command", 0, 9e15,
    "",     true};
inline constexpr Option labels{"labels",
                               Role::result,
                               OptionType::text,
                               "",
                               "COLUMN",
                               "metadata columns to compare the clusters with, several as a,b; folder is the first "
                               "folder of each path, folder:2 the "
                               "second",
                               0,
                               kMost,
                               "",
                               true};
inline constexpr Option figures{
    "figures", Role::output, OptionType::flag, "true", "", "draw charts into figures/, too", 0, kMost, "", true};
inline constexpr Option rows{
    "rows",
    Role::output,
    OptionType::count,
    "0",
    "N",
    "rows of nearest and rows of random images for each cluster; 0: 2, of montage with a --preset 1",
    0,
    1000};
inline constexpr Option columns{
    "columns", Role::output, OptionType::count, "0", "N", "images in a row; 0: 10, with --preset peng 20", 0, 200};
inline constexpr Option exact{
    "exact",
    Role::output,
    OptionType::flag,
    "false",
    "",
    "write paths and values as they are; default: an apostrophe before what a spreadsheet would run as a formula"};
inline constexpr Option image_count{
    "image-count",
    Role::action,
    OptionType::count,
    "",
    "N",
    "how many images there will be; default: as many as the study file lists, without one 100,000",
    1,
    kMaxCount};
inline constexpr Option calibration{
    "calibration",
    Role::action,
    OptionType::text,
    "",
    "FILE",
    "what --calibrate found on a node of the kind that will run; without it this node is measured now"};
inline constexpr Option images_per_second{
    "images-per-second",
    Role::action,
    OptionType::real,
    "",
    "RATE",
    "of the network on one rank, where it is known (a GPU's, say); default: measured here on the CPU",
    0,
    1e9};

inline constexpr Option cluster_names{
    "names",
    Role::place,
    OptionType::text,
    "",
    "FILE",
    "names, merges and notes of clusters, from the page of coterie view; default: STUDY/names.json",
    0,
    kMost,
    "",
    true};

inline constexpr Option map_shown{
    "map", Role::place, OptionType::text, "", "NAME", "the map to show first; default: the newest", 0, kMost, "", true};

/// The clustering and k of commands that show the study's choice.
inline constexpr Option chosen_clustering{
    "clustering",
    Role::place,
    OptionType::text,
    "",
    "NAME",
    "the clustering to take; default: the study's choice (coterie choose), else the newest",
    0,
    kMost,
    "",
    true};
inline constexpr Option chosen_k{
    "k", Role::output, OptionType::counts,
    "",  "K",          "the number of clusters, or several: 8 or 6,8,10 or 5-20; default: the chosen one, else all",
    1,   kMaxCount};
inline constexpr Option one_chosen_k = [] {
  Option one = chosen_k;
  one.help = "the number of clusters; default: the chosen one, or the only one there is";
  return one;
}();

/// The same for a command that hands it on to another: what it changes is in the digest of what that one makes.
constexpr Option handed_on(Option option) {
  option.role = Role::place;
  return option;
}

/// The same for a command whose result it decides, though it says where things lie.
constexpr Option for_result(Option option) {
  option.role = Role::result;
  return option;
}

/// The same for a command that only shows with it.
constexpr Option for_show(Option option) {
  option.role = Role::output;
  return option;
}

}  // namespace coterie::jobs::option
