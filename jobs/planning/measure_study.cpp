// Runs the stages of a study on samples and fits how their times grow.

#include "planning/measure_study.hpp"

#include <cmath>
#include <fstream>

#include "command/manifest.hpp"
#include "coterie/base/job_limits.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/npy.hpp"
#include "coterie/reduction/pca.hpp"
#include "planning/image_trials.hpp"
#include "planning/made_up_rows.hpp"
#include "planning/stage_trials.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kMostColumns = 2048;  // features that reduce is tried with
constexpr double kReduceFlops = 1e10;
constexpr double kReduceBytes = 160e6;  // and more than a processor's caches hold
constexpr double kClusterFlops = 1e11;
constexpr double kPairFlops = 1e11;  // silhouettes and Ward
constexpr std::int64_t kMostRows = 50'000;

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

class StudyMeasurement {
 public:
  StudyMeasurement(const Job& job, const Workload& study) : job_(job), study_(study), trials_(job, study, found_) {}

  Calibration run() {
    found_.host = host_name();
    found_.processor = processor();
    found_.ranks = ranks();
    found_.threads = job_.pool.threads();
    found_.interconnect = measure_interconnect(job_.comm);
    found_.node_memory = memory_limit().amount;
    found_.shape = study_.shape();
    if (study_.has_images()) try_images(trials_);
    if (study_.stage("reduce") != nullptr) {
      try_reduce("reduce", false);
      if (study_.images < study_.dimensions) try_reduce("reduce wide", true);
    }
    if (study_.stage("cluster") != nullptr) try_clustering();
    return found_;
  }

 private:
  int ranks() const { return job_.comm.size(); }

  void import_rows(const std::string& folder, std::int64_t rows, std::int64_t columns) const {
    const std::string file = trials_.scratch.path(folder + ".npy");
    job_.comm.on_root([&] {
      const MadeUpRows made(columns);
      std::vector<float> values(static_cast<std::size_t>(rows * columns));
      job_.pool.for_each(rows, [&](std::int64_t row, int) { made.fill(row, values.data() + row * columns); });
      write_npy<float>(file, values.data(), {rows, columns});
    });
    Options options(find_command(trials_.commands(), "import").options);
    options.set("file", file);
    options.set("name", "rows");
    trials_.seconds(folder, options);
    job_.comm.on_root([&] { clear_place(file); });
  }

  /// With more rows than columns, where rows are read and summed, or with fewer (wide), where each is compared with
  /// each.
  void try_reduce(const std::string& part, bool wide) {
    Options options = trials_.options_of("reduce");
    const std::int64_t columns = std::min(study_.dimensions, wide ? 4 * kMostColumns : kMostColumns);
    settle_solver(options, columns, wide ? study_.images : std::max(study_.images, 2 * study_.dimensions));
    const auto d = static_cast<double>(columns);
    const auto affordable = static_cast<std::int64_t>(std::max(kReduceFlops / (d * d), kReduceBytes / (4 * d)));
    const std::int64_t rows =
        wide ? std::min(study_.images, kMostColumns) : std::clamp(affordable, 4 * columns, 2 * kMostRows);
    trials_.announce(
        fmt::format("trying reduce ({}) on {} made-up rows of {} numbers", options.text("solver"), rows, columns));
    std::vector<Sample> samples;
    for (const std::int64_t count : {rows / 4, rows}) {
      if (wide && count != rows) continue;
      const std::string folder = fmt::format("{}-{}", part, count);
      import_rows(folder, count, columns);
      samples.push_back({static_cast<double>(count), trials_.seconds(folder, options)});
    }
    Measured found = fit(samples, ranks(), wide ? 2 : 1, wide ? 2 : 1);
    const double wider = static_cast<double>(study_.dimensions) / d;
    const bool linear = wide || options.text("solver") == solver_name(PcaSolver::randomised);
    found.shared *= linear ? wider : wider * wider;
    found.serial *= linear ? wider : wider * wider * wider;
    found_.parts[part] = found;
  }

  /// The solver of the whole study, whatever the sample would be given.
  void settle_solver(Options& options, std::int64_t columns, std::int64_t rows) const {
    const std::int64_t asked = options.count("components");
    if (options.text("solver") == "auto") {
      PcaOptions whole;
      whole.components = asked;
      whole.variance = options.real("variance");
      options.set("solver", solver_name(choose_solver(rows, study_.dimensions, whole)));
    }
    options.set("components", fmt::to_string(std::min(asked, columns)));
  }

  /// Rows on which all that follows cluster takes some seconds each.
  std::int64_t clustering_rows() const {
    const auto c = static_cast<double>(study_.components);
    double k_sum = 0;
    for (const auto k : study_.ks) k_sum += static_cast<double>(k);
    const std::string algorithm = study_.stage("cluster")->text("algorithm");
    const bool full = algorithm == "mixture" && study_.stage("cluster")->text("covariance") == "full";
    const double flops = static_cast<double>(study_.starts()) * 20 * 2 * std::max(k_sum, 1.0) * c * (full ? c : 1);
    const double rows = std::min(kClusterFlops / flops, std::sqrt(kPairFlops / c));
    const std::int64_t least = std::max<std::int64_t>(2000, 4 * study_.largest_k());
    const std::int64_t wanted = std::clamp(static_cast<std::int64_t>(rows), least, std::max(least, kMostRows));
    // What is kept serves other numbers of images, too.
    return job_.options.flag("calibrate") ? wanted : std::min(wanted, study_.images);
  }

  void try_clustering() {
    const std::int64_t rows = clustering_rows();
    std::vector<std::int64_t> sizes = {rows / 16, rows / 4, rows};
    std::erase_if(sizes, [&](std::int64_t size) {
      return size < rows && size < std::max<std::int64_t>(2 * study_.largest_k(), 32);
    });
    StageTrials::Samples samples;
    auto stages = trials_.tried_on(Trial::rows);
    if (study_.ks.size() < 2)  // labels, which a single one would be compared with, are not made up
      std::erase_if(stages, [](const Command* stage) { return stage->stage->makes == Kind::comparisons; });
    for (const auto size : sizes) {
      std::vector<std::string> names;
      for (const Command* stage : stages) names.push_back(stage->name());
      trials_.announce(
          fmt::format("trying {} on {} made-up rows of {} numbers", fmt::join(names, ", "), size, study_.components));
      const std::string folder = fmt::format("rows-{}", size);
      import_rows(folder, size, study_.components);
      for (const Command* stage : stages) trials_.sample(folder, *stage, static_cast<double>(size), samples);
    }
    for (const Command* stage : stages) trials_.fit_stage(*stage, samples);
  }

  const Job& job_;
  const Workload& study_;
  Calibration found_;
  StageTrials trials_;
};

}  // namespace

Calibration measure_study(const Job& job, const Workload& study) {
  require(
      job.comm.local_size() == job.comm.size(),
      "measure on one node, with as many ranks as will run on each: its files lie in TMPDIR, which others do not see");
  return StudyMeasurement(job, study).run();
}

}  // namespace coterie::jobs
