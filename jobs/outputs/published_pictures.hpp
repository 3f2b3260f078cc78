#pragma once

#include "outputs/published_forms.hpp"

namespace coterie::jobs {

// The samples, links and grids of write_published_form().

/// An image of a cluster that is in its sample.
struct PublishedImage {
  std::size_t row = 0;
  std::string id;  ///< that its copy's name begins with
};

/// Of each cluster the first 20 images in the order of NumPy's shuffle with seed 42; numbered from `first`.
using PublishedSample = std::vector<std::vector<PublishedImage>>;
PublishedSample sample_in_numpy_order(const PublishedSolution& solution, std::int64_t first);

/// Of each cluster the first 20 in the list's own order, which Study 2A had shuffled: ids of the column randomid, else
/// places in the list.
PublishedSample sample_in_list_order(const PublishedSolution& solution);

/// k/LABEL/ID PATH: copies.
void copy_sample(const PublishedSolution& solution, const PublishedSample& sample);

/// grid/k.png: the sample, 20 images to a row.
void draw_sample_grid(const PublishedSolution& solution, const PublishedSample& sample);

/// link/NAME/LABEL_COUNT/: links to all images of each cluster.
void link_clusters(const PublishedSolution& solution);

/// NAME_K=k_original.png, the ten images nearest to each centroid; NAME_K=k_random_order.png, ten drawn of each;
/// purelyrandom.png, 60 drawn of all.
void draw_study1_grids(const PublishedSolution& solution);

}  // namespace coterie::jobs
