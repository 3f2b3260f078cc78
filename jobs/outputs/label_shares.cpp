#include "outputs/label_shares.hpp"

#include <numeric>

#include "coding/latex_table.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/pickle_writer.hpp"
#include "coterie/evaluation/agreement.hpp"

namespace coterie::jobs {

LabelShares label_shares(const Classes& classes, const std::vector<std::int32_t>& labels, std::int64_t k) {
  const Contingency table = contingency(classes.labels, labels, std::ssize(classes.names), k);
  LabelShares shares{classes.column, classes.names, k, table.counts, {}, {}};
  for (std::int64_t i = 0; i < std::ssize(classes.names); ++i) {
    const auto begin = table.counts.begin() + i * k;
    shares.images.push_back(std::accumulate(begin, begin + k, std::int64_t{0}));
    for (std::int64_t c = 0; c < k; ++c)
      shares.shares.push_back(static_cast<double>(begin[c]) / static_cast<double>(shares.images.back()));
  }
  return shares;
}

void write_label_shares(const std::string& stem, const LabelShares& found, TableText text) {
  TableFile file(stem + ".csv", text);
  std::vector<std::string> line{found.column, "images"};
  for (std::int64_t c = 0; c < found.k; ++c) line.push_back(fmt::format("in_cluster_{}", c));
  for (std::int64_t c = 0; c < found.k; ++c) line.push_back(fmt::format("share_{}", c));
  file.header(line, ',');
  std::vector<std::string> header{found.column};
  for (std::int64_t c = 0; c < found.k; ++c) header.push_back(fmt::format("Cluster {}", c));
  std::vector<std::vector<std::string>> latex;
  const auto k = static_cast<std::size_t>(found.k);
  for (std::size_t i = 0; i < found.names.size(); ++i) {
    line = {found.names[i], fmt::to_string(found.images[i])};
    latex.push_back({found.names[i]});
    for (std::size_t c = 0; c < k; ++c) line.push_back(fmt::to_string(found.counts[i * k + c]));
    for (std::size_t c = 0; c < k; ++c) {
      line.push_back(fmt::format("{:.6g}", found.shares[i * k + c]));
      latex.back().push_back(figure_text(found.shares[i * k + c]));
    }
    file.line(line, ',');
  }
  file.finish();
  write_latex_table(stem + ".tex", header, latex, 1);
}

void pickle_label_shares(const std::string& path, const LabelShares& found) {
  PickleWriter pickle;
  pickle.begin_dict();
  const auto k = static_cast<std::size_t>(found.k);
  for (std::size_t i = 0; i < found.names.size(); ++i) {
    pickle.text(found.names[i]);
    pickle.begin_list();
    for (std::size_t c = 0; c < k; ++c) pickle.real(found.shares[i * k + c]);
    pickle.end_list();
  }
  pickle.end_dict();
  write_new_file(path, pickle.finish());
}

}  // namespace coterie::jobs
