#include "outputs/label_shares.hpp"

#include <numeric>

#include "coterie/base/errors.hpp"
#include "coterie/evaluation/agreement.hpp"

namespace coterie::jobs {

void write_label_shares(const std::string& path, const Classes& classes, const std::vector<std::int32_t>& labels,
                        std::int64_t k, TableText text) {
  const Contingency table = contingency(classes.labels, labels, std::ssize(classes.names), k);
  TableFile file(path, text);
  std::vector<std::string> line{classes.column, "images"};
  for (std::int64_t c = 0; c < k; ++c) line.push_back(fmt::format("in_cluster_{}", c));
  for (std::int64_t c = 0; c < k; ++c) line.push_back(fmt::format("share_{}", c));
  file.header(line, ',');
  for (std::int64_t i = 0; i < std::ssize(classes.names); ++i) {
    const auto begin = table.counts.begin() + i * table.columns;
    const std::int64_t images = std::accumulate(begin, begin + k, std::int64_t{0});
    line = {classes.names[static_cast<std::size_t>(i)], fmt::to_string(images)};
    for (std::int64_t c = 0; c < k; ++c) line.push_back(fmt::to_string(begin[c]));
    for (std::int64_t c = 0; c < k; ++c)
      line.push_back(fmt::format("{:.6g}", static_cast<double>(begin[c]) / static_cast<double>(images)));
    file.line(line, ',');
  }
  file.finish();
}

}  // namespace coterie::jobs
