#include "outputs/topic_tables.hpp"

#include <algorithm>
#include <cmath>

namespace coterie::jobs {
namespace {

constexpr std::int64_t kListedWords = 20;  // of a topic, in its line

std::string number(double value) { return std::isnan(value) ? "" : fmt::format("{:.6g}", value); }

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? std::nan("") : sum / static_cast<double>(values.size());
}

std::int64_t likeliest(const double* theta, std::int64_t topics) {
  return std::max_element(theta, theta + topics) - theta;
}

}  // namespace

void TopicTables::write_evidence(const TopicReader& reader) const {
  TableFile table(folder_ + "/evidence.csv", text_);
  table.header({"topics", "word_bound", "held_out_bound", "held_out_completion", "stability", "umass", "npmi",
                "region_npmi", "exclusivity", "frex", "passes", "converged"},
               ',');
  for (const auto topics : reader.numbers()) {
    const TopicEvidence evidence = reader.evidence(topics);
    table.line({fmt::to_string(topics), number(evidence.word_bound), number(evidence.held_out_bound),
                number(evidence.held_out_completion), number(evidence.stability), number(mean(evidence.umass)),
                number(mean(evidence.npmi)), number(mean(evidence.region_npmi)), number(mean(evidence.exclusivity)),
                number(mean(evidence.frex)), fmt::to_string(evidence.n_iter), evidence.converged ? "yes" : "no"},
               ',');
  }
  table.finish();
}

void TopicTables::write_topics(const TopicSolution& solution) const {
  const std::int64_t k = solution.model.topics;
  const std::int64_t listed = std::min(kListedWords, solution.model.vocabulary);
  const auto words = top_words(solution.model, listed);
  const TopicEvidence& evidence = solution.evidence;
  TableFile topics(fmt::format("{}/topics-{}.csv", folder_, k), text_);
  topics.header({"topic", "share", "umass", "npmi", "region_npmi", "exclusivity", "frex", "words"}, ',');
  for (std::int64_t t = 0; t < k; ++t) {
    const auto at = static_cast<std::size_t>(t);
    const auto first = words.begin() + t * listed;
    topics.line({fmt::to_string(t), number(evidence.share[at]), number(evidence.umass[at]), number(evidence.npmi[at]),
                 evidence.region_npmi.empty() ? "" : number(evidence.region_npmi[at]), number(evidence.exclusivity[at]),
                 number(evidence.frex[at]), fmt::format("{}", fmt::join(first, first + listed, " "))},
                ',');
  }
  topics.finish();
}

void TopicTables::write_documents(const TopicSolution& solution, const RowNames& names) const {
  const std::int64_t k = solution.model.topics;
  TableFile documents(fmt::format("{}/documents-{}.csv", folder_, k), text_);
  std::vector<std::string> line{"path", "topic"};
  for (std::int64_t t = 0; t < k; ++t) line.push_back(fmt::format("topic_{}", t));
  documents.header(line, ',');
  for (std::size_t d = 0; d < names.names.size(); ++d) {
    if (!names.there(static_cast<std::int64_t>(d))) continue;
    const double* theta = solution.local_theta.data() + static_cast<std::int64_t>(d) * k;
    line = {names.names[d], fmt::to_string(likeliest(theta, k))};
    for (std::int64_t t = 0; t < k; ++t) line.push_back(number(theta[t]));
    documents.line(line, ',');
  }
  documents.finish();
}

void TopicTables::write_labels(const TopicSolution& solution, const LabelledTopics& labelled) const {
  const std::int64_t k = solution.model.topics;
  const std::string stem = fmt::format("{}/{}", folder_, file_stem(labelled.classes.column));
  TableFile topics(fmt::format("{}-topics-{}.csv", stem, k), text_);
  std::vector<std::string> line{labelled.classes.column, "documents"};
  for (std::int64_t t = 0; t < k; ++t) line.push_back(fmt::format("in_topic_{}", t));
  for (std::int64_t t = 0; t < k; ++t) line.push_back(fmt::format("mean_share_{}", t));
  topics.header(line, ',');
  const auto& names = labelled.classes.names;
  for (std::size_t label = 0; label < names.size(); ++label) {
    line = {names[label], fmt::to_string(labelled.divergences[label].documents)};
    const auto begin = static_cast<std::ptrdiff_t>(label) * k;
    for (std::int64_t t = 0; t < k; ++t)
      line.push_back(fmt::to_string(labelled.topics.counts[static_cast<std::size_t>(begin + t)]));
    for (std::int64_t t = 0; t < k; ++t)
      line.push_back(number(labelled.topics.shares[static_cast<std::size_t>(begin + t)]));
    topics.line(line, ',');
  }
  topics.finish();

  TableFile table(fmt::format("{}-divergences-{}.csv", stem, k), text_);
  table.header(
      {labelled.classes.column, "documents", "compared", "l1", "l2", "squared_l2", "symmetric_kl", "jensen_shannon"},
      ',');
  for (std::size_t label = 0; label < labelled.divergences.size(); ++label) {
    const GroupDivergence& group = labelled.divergences[label];
    table.line({label < names.size() ? names[label] : "(all)", fmt::to_string(group.documents),
                fmt::to_string(group.compared), number(group.mean.l1), number(group.mean.l2),
                number(group.mean.squared_l2), number(group.mean.symmetric_kl), number(group.mean.jensen_shannon)},
               ',');
  }
  table.finish();
}

std::vector<double> class_sums(const TopicSolution& solution, const MaskClasses& masks) {
  const auto columns = static_cast<std::size_t>(solution.model.topics);
  std::vector<double> sums(masks.classes.size() * columns);
  for (std::size_t d = 0; d < masks.shares.size(); ++d)
    for (const auto& [place, share] : masks.shares[d])
      for (std::size_t t = 0; t < columns; ++t)
        sums[static_cast<std::size_t>(place) * columns + t] += share * solution.local_theta[d * columns + t];
  return sums;
}

// A topic's column of sums divided by its own sum says what a topic is of.
void TopicTables::write_classes(const TopicSolution& solution, const MaskClasses& masks) const {
  const std::int64_t k = solution.model.topics;
  const auto columns = static_cast<std::size_t>(k);
  const std::vector<double> sums = class_sums(solution, masks);
  std::vector<double> topics(columns), pixels(masks.classes.size());
  std::vector<std::int64_t> images(masks.classes.size());
  for (const auto& shares : masks.shares)
    for (const auto& [place, share] : shares) {
      const auto at = static_cast<std::size_t>(place);
      ++images[at];
      pixels[at] += share / static_cast<double>(masks.found);
    }
  for (std::size_t i = 0; i < sums.size(); ++i) topics[i % columns] += sums[i];
  TableFile table(fmt::format("{}/classes-{}.csv", folder_, k), text_);
  std::vector<std::string> line{"class", "images", "share_of_pixels"};
  for (std::int64_t t = 0; t < k; ++t) line.push_back(fmt::format("sum_topic_{}", t));
  for (std::int64_t t = 0; t < k; ++t) line.push_back(fmt::format("share_of_topic_{}", t));
  table.header(line, ',');
  for (std::size_t at = 0; at < masks.classes.size(); ++at) {
    line = {fmt::to_string(masks.classes[at]), fmt::to_string(images[at]), number(pixels[at])};
    for (std::size_t t = 0; t < columns; ++t) line.push_back(number(sums[at * columns + t]));
    for (std::size_t t = 0; t < columns; ++t) line.push_back(number(sums[at * columns + t] / topics[t]));
    table.line(line, ',');
  }
  table.finish();
}

}  // namespace coterie::jobs
