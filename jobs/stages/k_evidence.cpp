#include "stages/k_evidence.hpp"

#include <cmath>
#include <limits>

#include "coterie/dist/progress.hpp"
#include "coterie/evaluation/agreement.hpp"
#include "coterie/evaluation/gap.hpp"
#include "coterie/evaluation/indices.hpp"
#include "coterie/evaluation/knee.hpp"
#include "coterie/evaluation/silhouette.hpp"
#include "stages/cluster_algorithm.hpp"

namespace coterie::jobs {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kExactRows = 50'000;   // silhouettes of so many images are taken in minutes
constexpr std::int64_t kSampleRows = 10'000;  // beyond: a standard error of about 0.002
constexpr std::size_t kMostPlots = 50;        // silhouette plots: nobody looks at more

/// What is needed by every measure.
class Evidence {
 public:
  Evidence(const Job& job, const ClusteringReader& clustering)
      : job_(job), clustering_(clustering), rows_(clustering.open_rows()) {
    found_.ks = clustering.choose(job.options.counts("k"));
    for (const auto k : found_.ks) labels_.push_back(clustering.labels(k));
    for (std::size_t i = 0; i < labels_.size(); ++i) labellings_.push_back({labels_[i], found_.ks[i]});
  }

  KEvidence gather(const std::vector<Classes>& classes) {
    Progress progress(job_.speaks(), "select", by_kmeans() ? 5 : 3, "steps");
    const auto step = [&](const auto& measure) {
      measure();
      progress.advance(1);
    };
    add_stored("inertia", "inertia", Best::none, "sum of squared distances to the centroids");
    add_knee();
    step([&] { add_silhouettes(); });
    step([&] { add_simplified(); });
    step([&] { add_indices(); });
    add_stored("bic", "bic", Best::lowest, "Bayesian information criterion of the mixture");
    add_stored("aic", "aic", Best::none, "Akaike's information criterion of the mixture");
    if (by_kmeans()) {
      step([&] { add_gap(); });
      step([&] { add_bootstrap(); });
    }
    add_seeds();
    for (const auto& column : classes) add_labels(column);
    found_.recommendation = recommend(found_.ks, found_.measures, stability());
    return std::move(found_);
  }

 private:
  bool by_kmeans() const { return clustering_.algorithm() == "k-means" || clustering_.algorithm() == "mini-batch"; }

  Measure& add(const std::string& name, Best best, const std::string& how) {
    found_.measures.push_back({name, best, std::vector<double>(found_.ks.size(), kMissing), {}, {}, 0, how});
    return found_.measures.back();
  }

  /// What cluster wrote itself.
  void add_stored(const std::string& name, const std::string& dataset, Best best, const std::string& how) {
    const auto path = [&](std::size_t i) { return ClusteringReader::group(found_.ks[i]) + "/" + dataset; };
    if (!clustering_.artifact().has(path(0))) return;
    Measure& measure = add(name, best, how);
    for (std::size_t i = 0; i < found_.ks.size(); ++i)
      measure.values[i] = clustering_.artifact().value<double>(path(i));
  }

  void add_knee() {
    const std::vector<double> inertia = found_.find("inertia")->values;
    const std::vector<double> x(found_.ks.begin(), found_.ks.end());
    Measure& measure = add("elbow", Best::named, "the knee of the inertia: the k after which it falls more slowly");
    measure.values = inertia;
    measure.place = knee(x, inertia);
  }

  void add_silhouettes() {
    const std::int64_t rows = rows_->rows(), asked = job_.options.count("silhouette-sample");
    const std::int64_t sample = asked > 0 ? std::min(asked, rows) : rows <= kExactRows ? rows : kSampleRows;
    Measure& measure = add("silhouette", Best::highest, "mean silhouette of the images");
    if (sample == rows && found_.ks.size() <= kMostPlots) {
      measure.how += ", over all of them";
      for (auto& each : silhouettes(*rows_, labellings_, job_.comm, job_.pool, job_.memory_bytes)) {
        measure.values[found_.silhouettes.size()] = each.defined ? each.mean : kMissing;
        found_.silhouettes.push_back(std::move(each.values));
      }
      return;
    }
    const auto found =
        sampled_silhouettes(*rows_, labellings_, sample, seed(), job_.comm, job_.pool, job_.memory_bytes);
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
    }
  }

  void add_indices() {
    const std::size_t first = found_.measures.size();
    add("calinski_harabasz", Best::highest, "spread between clusters over spread within");
    add("davies_bouldin", Best::lowest, "likeness of each cluster to the one most like it");
    const RowsSummary summary = summarise_rows(*rows_, job_.comm, job_.pool);
    for (std::size_t i = 0; i < labellings_.size(); ++i) {
      const ClusterIndices found = cluster_indices(*rows_, labellings_[i], summary, job_.comm, job_.pool);
      if (!found.defined) continue;
      found_.measures[first].values[i] = found.calinski_harabasz;
      found_.measures[first + 1].values[i] = found.davies_bouldin;
    }
  }

  /// One start for each data set: what varies between starts is what is measured.
  KMeansOptions kmeans_options() const {
    KMeansOptions options;
    options.n_init = 1;
    options.seed = seed();
    options.memory_bytes = job_.memory_bytes;
    return options;
  }

  void add_gap() {
    const auto references = job_.options.count("gap");
    if (references < 2) return;
    const auto gaps = gap_statistic(*rows_, found_.ks, found_.find("inertia")->values,
                                    {references, kmeans_options(), seed()}, job_.comm, job_.pool);
    Measure& measure = add("gap", Best::named,
                           fmt::format("gap statistic against {} uniform data sets; it names the first k whose gap is "
                                       "within an error of the next one's",
                                       references));
    measure.place = choose_by_gap(gaps);
    measure.sample = references;
    for (std::size_t i = 0; i < gaps.size(); ++i) {
      measure.values[i] = gaps[i].gap;
      measure.errors.push_back(gaps[i].error);
    }
  }

  void add_bootstrap() {
    const auto replicates = job_.options.count("bootstrap");
    if (replicates < 2) return;
    found_.bootstrap = resampled(replicates);
    Measure& measure = add("bootstrap_stability", Best::highest,
                           fmt::format("mean adjusted Rand index between the clusters of {} resamples", replicates));
    measure.sample = replicates;
    for (std::size_t i = 0; i < found_.bootstrap.size(); ++i) measure.values[i] = found_.bootstrap[i].mean;
  }

  /// A resample of few images may hold fewer distinct ones than a large k asks for: that k is then not measured.
  std::vector<Stability> resampled(std::int64_t replicates) const {
    const auto measure = [&](std::span<const std::int64_t> ks) {
      return bootstrap_stability(*rows_, ks, {replicates, kmeans_options(), seed()}, job_.comm, job_.pool);
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
      job_.say("stability under resampling is not measured for k = {}: {}", k, error.what());
      return {{}, kMissing, kMissing, kMissing};
    }
  }

  void add_seeds() {
    const std::string first = ClusteringReader::group(found_.ks.front());
    if (!clustering_.artifact().has(first + "/init_agreement")) return;
    const auto starts = clustering_.artifact().shape(first + "/init_agreement").at(0);
    if (starts < 2) return;
    add_stored("seed_stability", "stability", Best::none,
               fmt::format("mean adjusted Rand index between the clusters of {} starts", starts));
    found_.measures.back().sample = starts;
  }

  void add_labels(const Classes& column) {
    Measure& measure =
        add("ari_" + column.column, Best::none, fmt::format("adjusted Rand index with the column {}", column.column));
    for (std::size_t i = 0; i < labels_.size(); ++i) measure.values[i] = adjusted_rand_index(column.labels, labels_[i]);
  }

  std::vector<double> stability() const {
    const Measure* measure = found_.find("bootstrap_stability");
    if (measure == nullptr) measure = found_.find("seed_stability");
    return measure == nullptr ? std::vector<double>{} : measure->values;
  }

  std::uint64_t seed() const { return static_cast<std::uint64_t>(job_.options.count("seed")); }

  const Job& job_;
  const ClusteringReader& clustering_;
  std::unique_ptr<RowSource> rows_;
  std::vector<std::vector<std::int32_t>> labels_;
  std::vector<Labelling> labellings_;
  KEvidence found_;
};

}  // namespace

const Measure* KEvidence::find(const std::string& name) const {
  for (const auto& measure : measures)
    if (measure.name == name) return &measure;
  return nullptr;
}

KEvidence gather_evidence(const Job& job, const ClusteringReader& clustering, const std::vector<Classes>& classes) {
  return Evidence(job, clustering).gather(classes);
}

}  // namespace coterie::jobs
