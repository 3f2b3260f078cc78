#include "stages/k_evidence.hpp"

#include <algorithm>
#include <functional>
#include <limits>

#include "coterie/dist/progress.hpp"
#include "coterie/evaluation/agreement.hpp"
#include "coterie/evaluation/gap.hpp"
#include "coterie/evaluation/indices.hpp"
#include "coterie/evaluation/knee.hpp"
#include "coterie/evaluation/recommendation.hpp"
#include "coterie/evaluation/silhouette.hpp"
#include "coterie/evaluation/stability.hpp"
#include "stages/cluster_algorithm.hpp"
#include "stages/evidence_progress.hpp"
#include "stages/silhouette_sample.hpp"

namespace coterie::jobs {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr double kRowCost = 40;         // for the progress alone: what a row costs k-means in any case, in distances
constexpr std::size_t kMostPlots = 50;  // silhouette plots: nobody looks at more

/// What is needed by every measure.
class Evidence {
 public:
  Evidence(const Job& job, const ClusteringReader& clustering)
      : job_(job), clustering_(clustering), rows_(clustering.open_rows()) {
    found_.clustering = clustering.name();
    found_.ks = clustering.choose(job.options.counts("k"));
    for (const auto k : found_.ks) labels_.push_back(clustering.labels(k));
    for (std::size_t i = 0; i < labels_.size(); ++i) labellings_.push_back({labels_[i], found_.ks[i]});
  }

  Selection gather(const std::vector<Classes>& classes) {
    Progress progress(job_.speaks(), "select");
    EvidenceProgress steps(progress.listener(), costs(), fits());
    const auto step = [&](const auto& measure) {
      part_ = steps.begin();
      measure();
      if (part_) part_(1);
      steps.end();
    };
    add_stored("inertia", Best::none, "sum of squared distances to the centroids",
               [&](std::int64_t k) { return clustering_.inertia(k); });
    add_knee();
    step([&] { add_silhouettes(); });
    step([&] { add_simplified(); });
    step([&] { add_indices(); });
    add_criteria();
    if (by_kmeans()) {
      step([&] { add_gap([&](double iterations) { steps.uniform_took(iterations); }); });
      step([&] { add_bootstrap(); });
    }
    add_seeds();
    for (const auto& column : classes) add_labels(column);
    keep(recommend(found_.ks, measures_, stability()));
    return std::move(found_);
  }

 private:
  /// What measures cost beside each other, in distances between a row and another, or a centroid.
  std::vector<double> costs() const {
    const auto rows = static_cast<double>(rows_->rows()), solutions = static_cast<double>(found_.ks.size());
    double centroids = 0;
    for (const auto k : found_.ks) centroids += static_cast<double>(k);
    const double share = silhouette_share(job_.options, rows_->rows());
    return {share * rows * rows, rows * centroids, 10 * rows * solutions};
  }

  /// Resamples are of the same rows that were clustered: they take about as many iterations.
  EvidenceFits fits() const {
    if (!by_kmeans()) return {};
    const auto several = [&](const char* option) {
      return job_.options.count(option) < 2 ? 0 : job_.options.count(option);
    };
    const auto rows = static_cast<double>(rows_->rows());
    EvidenceFits fits{several("gap"), several("bootstrap")};
    double iterations = 0;
    for (const auto k : found_.ks) {
      fits.iteration += rows * (static_cast<double>(k) + kRowCost);
      const auto starts = clustering_.algorithm() == "k-means" ? clustering_.starts(k) : std::nullopt;
      iterations += starts ? static_cast<double>(starts->n_iter) : kUsualIterations;
    }
    fits.uniform_iterations = uniform_iterations(rows_->rows(), kmeans_options().max_iter);
    fits.resampled_iterations = std::max(1.0, iterations / static_cast<double>(found_.ks.size()));
    return fits;
  }

  bool by_kmeans() const { return clustering_.algorithm() == "k-means" || clustering_.algorithm() == "mini-batch"; }

  Measure& add(const std::string& name, Best best, const std::string& how) {
    measures_.push_back({name, best, std::vector<double>(found_.ks.size(), kMissing), {}, {}, 0, how});
    return measures_.back();
  }

  const Measure* find(const std::string& name) const {
    const auto found = std::find_if(measures_.begin(), measures_.end(), [&](const auto& m) { return m.name == name; });
    return found == measures_.end() ? nullptr : &*found;
  }

  /// As the artifact has it, whose tables and charts know nothing of how a k was chosen.
  void keep(const Recommendation& recommendation) {
    found_.recommended = recommendation.k;
    found_.reason = recommendation.reason;
    for (auto& measure : measures_) {
      const Vote* vote = recommendation.vote_of(measure.name);
      found_.measures.push_back({measure.name, measure.how, std::move(measure.values), std::move(measure.errors),
                                 measure.sample, vote ? vote->k : 0, vote && vote->counts});
    }
  }

  /// What cluster wrote itself.
  Measure& add_stored(const std::string& name, Best best, const std::string& how,
                      const std::function<double(std::int64_t k)>& value) {
    Measure& measure = add(name, best, how);
    for (std::size_t i = 0; i < found_.ks.size(); ++i) measure.values[i] = value(found_.ks[i]);
    return measure;
  }

  void add_criteria() {
    if (!clustering_.criteria(found_.ks.front())) return;
    add_stored("bic", Best::lowest, "Bayesian information criterion of the mixture",
               [&](std::int64_t k) { return clustering_.criteria(k).value().bic; });
    add_stored("aic", Best::none, "Akaike's information criterion of the mixture",
               [&](std::int64_t k) { return clustering_.criteria(k).value().aic; });
  }

  void add_knee() {
    const std::vector<double> inertia = find("inertia")->values;
    const std::vector<double> x(found_.ks.begin(), found_.ks.end());
    Measure& measure = add("elbow", Best::named, "the knee of the inertia: the k after which it falls more slowly");
    measure.values = inertia;
    measure.place = knee(x, inertia);
  }

  void add_silhouettes() {
    const std::int64_t rows = rows_->rows(), sample = silhouette_sample(job_.options, rows);
    Measure& measure = add("silhouette", Best::highest, "mean silhouette of the images");
    if (sample == rows && found_.ks.size() <= kMostPlots) {
      measure.how += ", over all of them";
      for (auto& each :
           silhouettes(*rows_, labellings_, job_.comm, job_.pool, job_.memory_bytes, SilhouetteDetail::rows, part_)) {
        measure.values[found_.silhouettes.size()] = each.defined ? each.mean : kMissing;
        found_.silhouettes.emplace_back(each.values.begin(), each.values.end());
      }
      return;
    }
    const auto found = sampled_silhouettes(*rows_, labellings_, sample, seed(), job_.comm, job_.pool, job_.memory_bytes,
                                           SilhouetteDetail::means, part_);
    for (std::size_t i = 0; i < found.size(); ++i) measure.values[i] = found[i].defined ? found[i].mean : kMissing;
    if (sample == rows) return;
    measure.sample = sample;
    measure.how += fmt::format(", over a sample of {} among all {}", sample, rows);
    for (const auto& each : found) measure.errors.push_back(each.error);
  }

  void add_simplified() {
    Measure& measure = add("simplified_silhouette", Best::highest,
                           "as the silhouette, with distances to centroids instead of mean distances to images");
    for (std::size_t i = 0; i < labellings_.size(); ++i) {
      const auto found = simplified_silhouette(*rows_, labellings_[i], job_.comm, job_.pool);
      if (found.defined) measure.values[i] = found.mean;
      tell(i + 1);
    }
  }

  void add_indices() {
    const std::size_t first = measures_.size();
    add("calinski_harabasz", Best::highest, "spread between clusters over spread within");
    add("davies_bouldin", Best::lowest, "likeness of each cluster to the one most like it");
    const RowsSummary summary = summarise_rows(*rows_, job_.comm, job_.pool);
    for (std::size_t i = 0; i < labellings_.size(); ++i) {
      const ClusterIndices found = cluster_indices(*rows_, labellings_[i], summary, job_.comm, job_.pool);
      tell(i + 1);
      if (!found.defined) continue;
      measures_[first].values[i] = found.calinski_harabasz;
      measures_[first + 1].values[i] = found.davies_bouldin;
    }
  }

  /// So many labellings are measured, in the step in hand.
  void tell(std::size_t labellings) const {
    if (part_) part_(static_cast<double>(labellings) / static_cast<double>(labellings_.size()));
  }

  /// One start for each data set: what varies between starts is what is measured.
  KMeansOptions kmeans_options() const {
    KMeansOptions options;
    options.n_init = 1;
    options.seed = seed();
    options.settle = false;
    options.memory_bytes = job_.memory_bytes;
    return options;
  }

  void add_gap(const std::function<void(double)>& on_iterations) {
    const auto references = job_.options.count("gap");
    if (references < 2) return;
    // Of the others, with as many clusters as there are different images, the inertia has no logarithm.
    const std::vector<double> inertia = find("inertia")->values;
    std::vector<std::size_t> places;
    std::vector<std::int64_t> ks;
    std::vector<double> inertias;
    for (std::size_t i = 0; i < inertia.size(); ++i)
      if (inertia[i] > 0) places.push_back(i), ks.push_back(found_.ks[i]), inertias.push_back(inertia[i]);
    const auto gaps = gap_statistic(*rows_, ks, inertias, {references, kmeans_options(), seed(), part_, on_iterations},
                                    job_.comm, job_.pool);
    Measure& measure = add("gap", Best::named,
                           fmt::format("gap statistic against {} uniform data sets; it names the first k whose gap is "
                                       "within an error of the next one's",
                                       references));
    if (const auto chosen = choose_by_gap(gaps)) measure.place = places[*chosen];
    measure.sample = references;
    measure.errors.assign(found_.ks.size(), kMissing);
    for (std::size_t i = 0; i < gaps.size(); ++i) {
      measure.values[places[i]] = gaps[i].gap;
      measure.errors[places[i]] = gaps[i].error;
    }
  }

  void add_bootstrap() {
    const auto replicates = job_.options.count("bootstrap");
    if (replicates < 2) return;
    const auto stability = resampled(replicates);
    Measure& measure = add("bootstrap_stability", Best::highest,
                           fmt::format("mean adjusted Rand index between the clusters of {} resamples", replicates));
    measure.sample = replicates;
    for (std::size_t i = 0; i < stability.size(); ++i) {
      measure.values[i] = stability[i].mean;
      found_.bootstrap.push_back({stability[i].agreement, stability[i].low, stability[i].high});
    }
  }

  /// A resample of few images may hold fewer distinct ones than a large k asks for: that k is then not measured.
  std::vector<Stability> resampled(std::int64_t replicates) const {
    const auto measure = [&](std::span<const std::int64_t> ks) {
      return bootstrap_stability(*rows_, ks, {replicates, kmeans_options(), seed(), part_}, job_.comm, job_.pool);
    };
    try {
      return measure(found_.ks);
    } catch (const InvalidArgument&) {
      std::vector<Stability> each;
      for (const auto& k : found_.ks) each.push_back(measured_or_not(k, measure));
      return each;
    }
  }

  template <typename Measurement>
  Stability measured_or_not(const std::int64_t& k, const Measurement& measure) const {
    try {
      return measure(std::span(&k, 1)).front();
    } catch (const InvalidArgument& error) {
      job_.say("bootstrap_stability is not measured for k = {}: {}", k, error.what());
      return {{}, kMissing, kMissing, kMissing};
    }
  }

  void add_seeds() {
    const auto first = clustering_.starts(found_.ks.front());
    if (!first || first->count() < 2) return;
    Measure& measure = add_stored(
        "seed_stability", Best::none,
        fmt::format("mean adjusted Rand index between the clusters of {} starts", first->count()), [&](std::int64_t k) {
          const auto starts = clustering_.starts(k).value();
          return starts.count() < 2 ? kMissing : starts.stability;  // with warm starts only the first has any
        });
    measure.sample = first->count();
  }

  void add_labels(const Classes& column) {
    Measure& measure =
        add("ari_" + column.column, Best::none, fmt::format("adjusted Rand index with the column {}", column.column));
    for (std::size_t i = 0; i < labels_.size(); ++i) measure.values[i] = adjusted_rand_index(column.labels, labels_[i]);
  }

  std::vector<double> stability() const {
    const Measure* measure = find("bootstrap_stability");
    if (measure == nullptr) measure = find("seed_stability");
    return measure == nullptr ? std::vector<double>{} : measure->values;
  }

  std::uint64_t seed() const { return static_cast<std::uint64_t>(job_.options.count("seed")); }

  const Job& job_;
  const ClusteringReader& clustering_;
  std::unique_ptr<RowSource> rows_;
  std::vector<std::vector<std::int32_t>> labels_;
  std::vector<Labelling> labellings_;
  std::vector<Measure> measures_;
  ShareDone part_;  // of the step in hand
  Selection found_;
};

}  // namespace

Selection gather_evidence(const Job& job, const ClusteringReader& clustering, const std::vector<Classes>& classes) {
  return Evidence(job, clustering).gather(classes);
}

}  // namespace coterie::jobs
