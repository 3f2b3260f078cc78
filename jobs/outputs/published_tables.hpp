#pragma once

#include "outputs/published_forms.hpp"

namespace coterie::jobs {

// The tables of write_published_form(); texts as they are, no header unless one is named.

/// Study 1: NAME_K=k_label_distance.txt, path, label and distance.
void write_distance_table(const PublishedSolution& solution);

/// Study 1, Ward: NAME_K=k_hierarchical.txt, path and label.
void write_label_table(const PublishedSolution& solution);

/// Study 1, mixtures: NAME_K=k_label_gaussianmixture.txt, path, label, distance to the own mean and the k
/// probabilities; NAME_K=k_label_morenthan1category.txt, those lines with two probabilities above --threshold.
void write_mixture_tables(const PublishedSolution& solution);

/// Study 1: NAME_bbow.csv, where the rows that were clustered are bags of visual words: a header with the words'
/// numbers behind an empty cell, a line of counts for each image; tabs.
void write_bags_table(const PublishedSolution& solution);

/// The columns of metadata that came with the list of images.
std::vector<std::size_t> metadata_columns(const PublishedSolution& solution);

/// Study 2, Peng 2021: k/label.txt, path and label; `with_columns`: the columns of metadata instead of the path, where
/// there are any.
void write_label_file(const PublishedSolution& solution, bool with_columns);

/// Study 2, Peng 2021, where the rows were reduced: components.txt, a line for each component; variance.txt, the share
/// of each. `with_name`: FEATUREScomponents.txt and "FEATURES variance.txt".
void write_reduction_tables(const PublishedSolution& solution, bool with_name);

/// tringn: cluster_label/NAME.json, {"data": [{"img_file", "label", "prob"}]}, all texts.
void write_label_json(const PublishedSolution& solution);

/// luoolu: cluster_result.csv, a column for each cluster called Cluster_0 ..., names without suffix in single quotes,
/// ragged.
void write_ragged_columns(const PublishedSolution& solution);

}  // namespace coterie::jobs
