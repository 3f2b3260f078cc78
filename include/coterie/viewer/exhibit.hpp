#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace coterie::inline viewer {

/// A layout of the rows in the plane or in space.
struct ViewerMap {
  std::string name;               ///< "tsne"; unique
  std::string caption;            ///< a sentence on how far to trust it
  std::int64_t dimensions = 2;    ///< 2 or 3
  std::vector<double> positions;  ///< N × dimensions, finite
};

/// One clustering with one k.
struct ViewerSolution {
  std::string clustering;  ///< the artifact's name
  std::string digest;      ///< of the artifact's content: names.json says which it is of
  std::string method;      ///< "k-means"
  std::int64_t k = 0;
  std::vector<std::int32_t> labels;         ///< N; 0 .. k-1, or -1 where the clustering does not know the image
  std::vector<float> silhouettes;           ///< N, NaN where there is none; or empty
  std::vector<double> cluster_silhouettes;  ///< k; or empty
};

/// Values of the rows: of a metadata column, or the likeliest topic.
struct ViewerColumn {
  std::string name;
  std::vector<std::string> values;  ///< each once
  std::vector<std::int32_t> codes;  ///< N; place in values, or -1 without a value
};

/// All that the viewer shows: N rows, each an image (or an imported row), in the order of the features.
struct Exhibit {
  std::string title;
  std::string when;
  std::vector<std::string> paths;    ///< N, bytes
  std::vector<std::int64_t> rows;    ///< N, numbers in the features, for tables
  std::vector<std::uint8_t> linked;  ///< N: whether a browser can open the image by its path
  std::string root_link;             ///< from the viewer's folder to the images' root, "../../photos"
  std::string top_link;              ///< the same to "/", for paths that begin there
  std::vector<ViewerMap> maps;       ///< the first gives the rows their order in the files
  std::vector<ViewerSolution> solutions;
  std::size_t first_solution = 0;  ///< is shown first
  std::vector<ViewerColumn> columns;
  std::int64_t neighbours_each = 0;      ///< M
  std::vector<std::int64_t> neighbours;  ///< N × M, the nearest first; -1 where there are fewer
  std::string names_json;                ///< what lies in names.json, or empty

  std::int64_t size() const { return static_cast<std::int64_t>(paths.size()); }
};

}  // namespace coterie::inline viewer
