#include "outputs/assignment_table.hpp"

#include "coterie/base/errors.hpp"

namespace coterie::jobs {

void write_assignment_table(const std::string& path, const AssignedImages& images, TableText text) {
  const std::size_t k = images.probabilities.empty() ? 0 : static_cast<std::size_t>(images.k);
  TableFile table(path, text);
  std::vector<std::string> header = {"path",         "label",  "distance", "second", "second_distance",
                                     "share_as_far", "outlier"};
  for (std::size_t c = 0; c < k; ++c) header.push_back(fmt::format("p{}", c));
  table.header(header, ',');
  for (std::size_t i = 0; i < images.labels.size(); ++i) {
    const bool alone = images.seconds[i] < 0;
    std::vector<std::string> fields = {images.paths[i],
                                       fmt::to_string(images.labels[i]),
                                       fmt::format("{:.9g}", images.distances[i]),
                                       alone ? "" : fmt::to_string(images.seconds[i]),
                                       alone ? "" : fmt::format("{:.9g}", images.second_distances[i]),
                                       fmt::format("{:.6g}", images.share_as_far[i]),
                                       images.outlier[i] != 0 ? "yes" : "no"};
    for (std::size_t c = 0; c < k; ++c) fields.push_back(fmt::format("{:.6g}", images.probabilities[i * k + c]));
    table.line(fields, ',');
  }
  table.finish();
}

}  // namespace coterie::jobs
