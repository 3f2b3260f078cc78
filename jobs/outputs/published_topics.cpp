#include "outputs/published_topics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "coterie/artifacts/codebook.hpp"
#include "coterie/artifacts/descriptors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/report/published_charts.hpp"
#include "outputs/solution_pictures.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kMostCompared = 1000;  // images of a label, whose bags are compared each with each
constexpr std::int64_t kMostDrawn = 200;      // bags in one picture
constexpr double kDrawnShare = 0.1;           // of a label's images: the original's

void put_number(PickleWriter& pickle, double value) { std::isnan(value) ? pickle.none() : pickle.real(value); }

// Means over all pairs of the bags, of what the study calls L1, L2 and KL; NaN of fewer than two.
std::array<double, 3> mean_distances(const std::vector<std::vector<double>>& bags, ThreadPool& pool) {
  std::vector<std::array<double, 3>> sums(bags.size());
  pool.for_each(std::ssize(bags), [&](std::int64_t i, int) {
    const auto at = static_cast<std::size_t>(i);
    for (std::size_t other = 0; other < at; ++other) {
      const Divergences found = divergences(bags[at], bags[other]);
      sums[at][0] += found.l1, sums[at][1] += found.squared_l2, sums[at][2] += found.symmetric_kl;
    }
  });
  std::array<double, 3> means{};
  const auto n = static_cast<double>(bags.size());
  for (const auto& sum : sums)
    for (std::size_t metric = 0; metric < 3; ++metric) means[metric] += sum[metric];
  for (double& mean : means) mean = bags.size() < 2 ? std::nan("") : mean / (n * (n - 1) / 2);
  return means;
}

}  // namespace

PublishedTopics::PublishedTopics(const Job& job, const TopicSource& source, const RowNames& names, std::string folder)
    : job_(job), source_(source), names_(names), folder_(std::move(folder)), keypoints_("0") {
  if (!source.codebook.empty())
    keypoints_ = DescriptorReader(job.study, CodebookReader(job.study, source.codebook).codebook().descriptors)
                     .recipe()
                     .parameter("max-keypoints", "0");
  if (keypoints_ == "0") keypoints_ = "all";
  for (std::int64_t d = 0; d < source.whole.global_documents; ++d)
    if (names.there(d) && !source.whole.words_of(d).empty()) documents_.push_back(d);
}

std::string PublishedTopics::of_words() const {
  return fmt::format("{}_keypoints_{}_clusters", keypoints_, source_.whole.vocabulary);
}

std::vector<double> PublishedTopics::counts_of(std::int64_t document) const {
  std::vector<double> bag(static_cast<std::size_t>(source_.whole.vocabulary));
  const auto words = source_.whole.words_of(document), counts = source_.whole.counts_of(document);
  for (std::size_t i = 0; i < words.size(); ++i) bag[static_cast<std::size_t>(words[i])] = counts[i];
  return bag;
}

std::vector<std::int64_t> PublishedTopics::labelled_as(const Classes& labels, std::int32_t label) const {
  std::vector<std::int64_t> own;
  for (const auto d : documents_)
    if (labels.labels[static_cast<std::size_t>(d)] == label) own.push_back(d);
  return own;
}

void PublishedTopics::write_words(const Classes* labels) const {
  std::vector<double> matrix;
  for (const auto d : documents_) {
    const auto bag = counts_of(d);
    matrix.insert(matrix.end(), bag.begin(), bag.end());
  }
  PickleWriter pickle;
  pickle.matrix(matrix.data(), std::ssize(documents_), source_.whole.vocabulary);
  write_new_file(place(fmt::format("feature_matrix_{}.pkl", of_words())), pickle.finish());
  if (labels == nullptr) return;
  write_distances(*labels);
  draw_histograms(*labels);
}

void PublishedTopics::write_distances(const Classes& labels) const {
  constexpr std::array<const char*, 3> kMetrics = {"l1", "l2", "kl"};
  std::array<PickleWriter, 3> pickles;
  for (auto& pickle : pickles) pickle.begin_dict();
  for (std::size_t label = 0; label < labels.names.size(); ++label) {
    const auto number = static_cast<std::uint32_t>(label);
    const auto own = draw_sample(
        labelled_as(labels, static_cast<std::int32_t>(label)), kMostCompared,
        Random(static_cast<std::uint64_t>(job_.options.count("seed")), Purpose::divergence_sample, number + 1));
    std::vector<std::vector<double>> bags;
    for (const auto d : own) bags.push_back(counts_of(d));
    const auto means = mean_distances(bags, job_.pool);
    for (std::size_t metric = 0; metric < means.size(); ++metric) {
      pickles[metric].text(labels.names[label]);
      pickles[metric].real(means[metric]);
    }
  }
  for (std::size_t metric = 0; metric < kMetrics.size(); ++metric) {
    pickles[metric].end_dict();
    write_new_file(place(fmt::format("EVAL_kmeans_{}_clusters_{}_keypoints_{}_metric.pkl", source_.whole.vocabulary,
                                     keypoints_, kMetrics[metric])),
                   pickles[metric].finish());
  }
}

void PublishedTopics::draw_histograms(const Classes& labels) const {
  make_folder_inside(folder_, "plots");
  const Random random(static_cast<std::uint64_t>(job_.options.count("seed")), Purpose::topic_page_sample, 2);
  std::set<std::string> taken;
  for (std::size_t label = 0; label < labels.names.size(); ++label) {
    const auto own = labelled_as(labels, static_cast<std::int32_t>(label));
    const auto tenth = std::lround(std::ceil(kDrawnShare * static_cast<double>(own.size())));
    std::vector<std::vector<double>> bags;
    for (const auto d : draw_sample(own, std::min<std::int64_t>(tenth, kMostDrawn), random))
      bags.push_back(counts_of(d));
    const Chart chart = bags_chart(labels.names[label], bags);
    if (chart.empty()) continue;
    write_new_file(place(fmt::format("plots/histogram_distribution_label_{}_{}.png",
                                     numbered(file_stem(labels.names[label]), taken), of_words())),
                   chart_png(chart, kScoresWidth, kScoresHeight));
  }
}

void PublishedTopics::write(const char* what, std::int64_t topics, PickleWriter& pickle) const {
  write_new_file(place(fmt::format("{}_{}_topics_{}.pkl", what, topics, of_words())), pickle.finish());
}

void PublishedTopics::write_solution(const TopicSolution& solution, const LabelledTopics* labelled,
                                     const MaskClasses* masks) const {
  const std::int64_t k = solution.model.topics;
  PickleWriter shares, predicted, clustered;
  Members members(static_cast<std::size_t>(k));
  for (auto* each : {&shares, &predicted, &clustered}) each->begin_dict();
  for (const auto d : documents_) {
    const double* theta = solution.local_theta.data() + d * k;
    const auto likeliest = std::max_element(theta, theta + k) - theta;
    members[static_cast<std::size_t>(likeliest)].push_back(d);
    const std::string& path = names_.names[static_cast<std::size_t>(d)];
    shares.text(path);
    shares.matrix(theta, 1, k);
    predicted.text(path);
    predicted.integer(likeliest);
  }
  for (std::size_t t = 0; t < members.size(); ++t) {
    clustered.integer(static_cast<std::int64_t>(t));
    clustered.begin_list();
    for (const auto d : members[t]) clustered.text(names_.names[static_cast<std::size_t>(d)]);
    clustered.end_list();
  }
  for (auto* each : {&shares, &predicted, &clustered}) each->end_dict();
  write("prob_distrs", k, shares);
  write("predicted", k, predicted);
  write("clustered_images", k, clustered);
  if (masks != nullptr) write_classes(solution, *masks);
  if (labelled != nullptr) write_labels(*labelled, members);
}

void PublishedTopics::write_classes(const TopicSolution& solution, const MaskClasses& masks) const {
  const auto sums = class_sums(solution, masks);
  const auto classes = masks.classes.size(), topics = static_cast<std::size_t>(solution.model.topics);
  std::vector<double> transposed;
  for (std::size_t t = 0; t < topics; ++t)
    for (std::size_t at = 0; at < classes; ++at) transposed.push_back(sums[at * topics + t]);
  PickleWriter table;
  table.matrix(transposed.data(), solution.model.topics, std::ssize(masks.classes));
  write("topic_GT_label_dist", solution.model.topics, table);
}

void PublishedTopics::write_labels(const LabelledTopics& labelled, const Members& members) const {
  const Classes& labels = labelled.classes;
  PickleWriter number, distance, divergence;
  for (auto* each : {&number, &distance, &divergence}) each->begin_dict();
  for (std::size_t t = 0; t < members.size(); ++t) {
    std::map<std::int32_t, std::int64_t> counts;
    for (const auto d : members[t])
      if (const auto label = labels.labels[static_cast<std::size_t>(d)]; label >= 0) ++counts[label];
    number.integer(static_cast<std::int64_t>(t));
    number.begin_dict();
    for (const auto& [label, count] : counts) {
      number.text(labels.names[static_cast<std::size_t>(label)]);
      number.integer(count);
    }
    number.end_dict();
  }
  for (std::size_t label = 0; label < labels.names.size(); ++label) {
    const Divergences& mean = labelled.divergences[label].mean;
    distance.text(labels.names[label]);
    put_number(distance, mean.squared_l2);
    divergence.text(labels.names[label]);
    put_number(divergence, mean.symmetric_kl);
  }
  for (auto* each : {&number, &distance, &divergence}) each->end_dict();
  const std::int64_t k = std::ssize(members);
  write("num_in_each_cluster", k, number);
  write("avg_dist_in_label", k, distance);
  write("avg_kl_in_label", k, divergence);
}

}  // namespace coterie::jobs
