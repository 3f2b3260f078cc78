// Runs the stages of a study on samples and fits how their times grow.

#include "planning/measure_study.hpp"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "command/manifest.hpp"
#include "coterie/base/job_limits.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/npy.hpp"
#include "coterie/features/extractor.hpp"
#include "coterie/features/network.hpp"
#include "coterie/images/decode.hpp"
#include "coterie/images/listing.hpp"
#include "coterie/reduction/pca.hpp"
#include "planning/effort.hpp"
#include "planning/made_up_rows.hpp"
#include "planning/scratch_folder.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kBlock = 32;          // rows that extract commits together: the least that shares out
constexpr double kExtractSeconds = 20;       // for the larger of its two samples
constexpr std::int64_t kMostExtract = 512;   // images of a rank in it
constexpr std::int64_t kMostScan = 4000;     // images of a rank
constexpr double kDecodeShare = 0.05;        // of the network's time, where no image is at hand (docs/benchmarks.md)
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
  StudyMeasurement(const Job& job, const Workload& study) : job_(job), study_(study), scratch_(job.comm) {}

  Calibration run() {
    found_.host = host_name();
    found_.processor = processor();
    found_.ranks = ranks();
    found_.threads = job_.pool.threads();
    found_.interconnect = measure_interconnect(job_.comm);
    found_.node_memory = memory_limit().amount;
    found_.shape = study_.shape();
    if (!study_.networks.empty()) try_images();
    if (study_.stage("reduce") != nullptr) {
      try_reduce("reduce", false);
      if (study_.images < study_.dimensions) try_reduce("reduce wide", true);
    }
    if (study_.stage("cluster") != nullptr) try_clustering();
    return found_;
  }

 private:
  int ranks() const { return job_.comm.size(); }

  void announce(const std::string& text) const {
    if (!job_.comm.is_root()) return;
    fmt::print("{}\n", text);
    std::fflush(stdout);
  }

  const CommandList& commands() const { return job_.context.commands; }

  /// The stage as the study has it, apart from where things lie and what this run does.
  Options options_of(const Command& command) const {
    const Options* stage = study_.stage(command.name());
    Options options(command.options);
    if (stage == nullptr) return options;
    for (const auto& option : command.options.all()) {
      const std::string name(option.name);
      const bool kept = option.role != Role::place && option.role != Role::action && name != "labels";
      if (stage->given(name) && (kept || name == "weights")) options.set(name, stage->text(name));
    }
    return options;
  }
  Options options_of(const std::string& command) const { return options_of(find_command(commands(), command)); }

  /// The stages of the study that are tried like this, in order.
  std::vector<const Command*> stages_tried_on(Trial trial) const {
    std::vector<const Command*> found;
    for (const auto& stage : study_.stages)
      if (const Command& command = find_command(commands(), stage.command()); command.stage->trial == trial)
        found.push_back(&command);
    return found;
  }

  double seconds(const std::string& folder, Options options) const {
    options.set("study", scratch_.path(folder));
    const Context quiet{commands(), job_.comm, job_.context.held, true};
    Job own = make_job(quiet, find_command(commands(), options.command()), options, job_.pool, job_.memory_bytes);
    job_.comm.barrier();
    const auto begin = std::chrono::steady_clock::now();
    own.command.run(own);
    job_.comm.barrier();
    return job_.comm.max(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }

  // ---- images

  void try_images() {
    list_sample();
    if (available_ < kBlock * ranks() || job_.options.given("images-per-second")) return time_network_alone();
    const std::int64_t most = std::min(available_, kMostScan * ranks());
    announce(fmt::format("trying scan on {} images", most));
    std::vector<Sample> scans;
    for (const std::int64_t count : {most / 4, most})
      scans.push_back({static_cast<double>(count), scan(fmt::format("scan-{}", count), count)});
    found_.parts["scan"] = fit(scans, ranks(), 1, 1);
    try_extract();
  }

  /// Images spread evenly over the listing, as paths for scan's list file; out of shards as copies.
  void list_sample() {
    job_.comm.on_root([&] {
      if (study_.source.empty()) return;
      const ImageList& list = study_.listing(job_.pool.threads());
      const std::int64_t most = (list.shards.empty() ? kMostScan : kMostExtract) * ranks();
      const std::int64_t wanted = std::min(list.size(), most);
      for (std::int64_t i = 0; i < wanted; ++i) add_to_sample(list, i * list.size() / wanted);
      available_ = std::ssize(sample_);
    });
    job_.comm.broadcast(std::span(&available_, 1));
  }

  void add_to_sample(const ImageList& list, std::int64_t number) {
    const ImagePlace place = place_of(list, number);
    if (place.bytes < 0) {
      if (place.file.find('\n') == std::string::npos) sample_.push_back(fs::absolute(place.file).string());
      return;
    }
    const std::string& member = list.paths[static_cast<std::size_t>(number)];
    const std::string copy = scratch_.path(fmt::format("copy-{}{}", number, fs::path(member).extension().string()));
    try {
      const auto bytes = image_bytes(place);
      write_new_file(copy, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      sample_.push_back(copy);
    } catch (const DecodeError&) {
      // One that cannot be read is the scan's to tell of.
    }
  }

  double scan(const std::string& folder, std::int64_t count) {
    const std::string list = scratch_.path(folder + ".txt");
    job_.comm.on_root([&] {
      std::string lines;
      for (std::int64_t i = 0; i < count; ++i)
        lines += sample_[static_cast<std::size_t>(i * available_ / count)] + '\n';
      write_new_file(list, lines);
    });
    Options options = options_of("scan");
    options.set("images", list);
    return seconds(folder, options);
  }

  void try_extract() {
    const Options options = options_of("extract");
    const auto run = [&](std::int64_t count) {
      const std::string folder = fmt::format("extract-{}", count);
      scan(folder, count);
      return Sample{static_cast<double>(count), seconds(folder, options)};
    };
    const std::int64_t few = kBlock * ranks();
    announce(fmt::format("trying extract on {} images", few));
    const Sample small = run(few);
    auto many = static_cast<std::int64_t>(kExtractSeconds / small.seconds * small.rows) / kBlock * kBlock;
    many = std::min({many, available_, kMostExtract * ranks()});
    std::vector<Sample> samples = {small};
    if (many >= 2 * few) {
      announce(fmt::format("trying extract on {} images", many));
      samples.push_back(run(many));
    }
    found_.parts["extract"] = fit(samples, ranks(), 1, 1);
    job_.comm.on_root([&] {
      for (const auto& path : sample_) {
        std::error_code gone;
        const auto bytes = fs::file_size(path, gone);
        if (!gone) found_.bytes_an_image += static_cast<double>(bytes) / static_cast<double>(available_);
      }
    });
    job_.comm.broadcast(std::span(&found_.bytes_an_image, 1));
    remember_network();
    try_pictures(fmt::format("extract-{}", static_cast<std::int64_t>(samples.back().rows)),
                 static_cast<std::int64_t>(samples.back().rows));
  }

  void remember_network() {
    for (const auto& request : study_.networks) {
      std::vector<std::string> layers;
      for (const auto& layer : request.layers) layers.push_back(layer.name);
      if (request.backbone.plans == nullptr) continue;  // a module of the user's own brings its weights
      networks_.emplace_back(request.backbone, layers, random_weights(request.backbone, layers, 1), request.preprocess,
                             NetworkOptions{.device = Device::cpu});
      found_.network_memory += 1.2 * static_cast<double>(networks_.back().packed_bytes());
    }
  }

  void time_network_alone() {
    remember_network();
    constexpr std::int64_t kBatch = 4;
    const double given = job_.options.real("images-per-second", 0);
    require(given > 0 || !networks_.empty(),
            "the network is a module of your own and its images are not there; say how fast it is "
            "with --images-per-second");
    announce(given > 0 ? "the network's speed is as given" : "timing the network alone: the images are not there");
    const double each =
        given > 0 ? 1 / given : seconds_an_image(networks_, job_.pool.threads(), kBatch) * (1 + kDecodeShare);
    found_.parts["extract"] = {0, job_.comm.max(each), 1};
  }

  /// What shows pictures draws as many however many images there are.
  void try_pictures(const std::string& folder, std::int64_t images) {
    const auto shown = stages_tried_on(Trial::pictures);
    std::vector<std::int64_t> ks;
    for (const auto k : study_.ks)
      if (2 * k <= images) ks.push_back(k);
    if (ks.empty() || shown.empty()) return;
    announce("trying what draws pictures");
    for (const auto& stage : study_.stages) {
      const Command& command = find_command(commands(), stage.command());
      const auto& made = command.stage->makes;
      if (!made || (*made != Kind::reductions && *made != Kind::clusterings && *made != Kind::evaluations)) continue;
      Options options = options_of(command);
      if (*made == Kind::clusterings) options.set("k", fmt::format("{}", fmt::join(ks, ",")));
      seconds(folder, options);
    }
    for (const Command* command : shown) {
      Options options = options_of(*command);
      const auto own = options.counts("k");  // of which the sample may be too small for some
      options.set("k", "");
      const double share =
          static_cast<double>(std::ssize(own.empty() ? study_.ks : own)) / static_cast<double>(ks.size());
      found_.parts[command->name()] = {seconds(folder, options) * share, 0, 1};
    }
  }

  // ---- rows

  void import_rows(const std::string& folder, std::int64_t rows, std::int64_t columns) const {
    const std::string file = scratch_.path(folder + ".npy");
    job_.comm.on_root([&] {
      const MadeUpRows made(columns);
      std::vector<float> values(static_cast<std::size_t>(rows * columns));
      job_.pool.for_each(rows, [&](std::int64_t row, int) { made.fill(row, values.data() + row * columns); });
      write_npy<float>(file, values.data(), {rows, columns});
    });
    Options options(find_command(commands(), "import").options);
    options.set("file", file);
    options.set("name", "rows");
    seconds(folder, options);
    job_.comm.on_root([&] { fs::remove(file); });
  }

  /// With more rows than columns, where rows are read and summed, or with fewer (wide), where each is compared with
  /// each.
  void try_reduce(const std::string& part, bool wide) {
    Options options = options_of("reduce");
    const std::int64_t columns = std::min(study_.dimensions, wide ? 4 * kMostColumns : kMostColumns);
    settle_solver(options, columns, wide ? study_.images : std::max(study_.images, 2 * study_.dimensions));
    const auto d = static_cast<double>(columns);
    const auto affordable = static_cast<std::int64_t>(std::max(kReduceFlops / (d * d), kReduceBytes / (4 * d)));
    const std::int64_t rows =
        wide ? std::min(study_.images, kMostColumns) : std::clamp(affordable, 4 * columns, 2 * kMostRows);
    announce(fmt::format("trying reduce ({}) on {} made-up rows of {} numbers", options.text("solver"), rows, columns));
    std::vector<Sample> samples;
    for (const std::int64_t count : {rows / 4, rows}) {
      if (wide && count != rows) continue;
      const std::string folder = fmt::format("{}-{}", part, count);
      import_rows(folder, count, columns);
      samples.push_back({static_cast<double>(count), seconds(folder, options)});
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
    std::map<std::string, std::vector<Sample>> samples;
    const auto stages = stages_tried_on(Trial::rows);
    for (const auto size : sizes) {
      std::vector<std::string> names;
      for (const Command* stage : stages) names.push_back(stage->name());
      announce(
          fmt::format("trying {} on {} made-up rows of {} numbers", fmt::join(names, ", "), size, study_.components));
      const std::string folder = fmt::format("rows-{}", size);
      import_rows(folder, size, study_.components);
      for (const Command* stage : stages) try_stage(folder, *stage, static_cast<double>(size), samples);
    }
    for (const Command* stage : stages) fit_stage(*stage, samples);
  }

  /// The stage, and its parts once more, of which the stage's own time is taken off.
  void try_stage(const std::string& folder, const Command& stage, double rows,
                 std::map<std::string, std::vector<Sample>>& samples) const {
    const StageEffort* effort = stage.stage->effort;
    Options options = options_of(stage);
    if (effort != nullptr && effort->for_trial != nullptr) effort->for_trial(options, study_);
    const double whole = seconds(folder, options);
    samples[stage.name()].push_back({rows, whole});
    if (effort == nullptr) return;
    for (const auto& part : effort->parts) {
      Options altered = options;
      part.alter(altered);
      altered.set("overwrite", "true");
      samples[part.name].push_back({rows, std::max(seconds(folder, altered) - whole, 1e-6)});
    }
  }

  void fit_stage(const Command& stage, const std::map<std::string, std::vector<Sample>>& samples) {
    const StageEffort* effort = stage.stage->effort;
    const bool alone = effort == nullptr || effort->on_root;
    const auto growth = [&](auto bound) {
      return effort == nullptr || effort->*bound == nullptr ? 1.0 : (effort->*bound)(study_);
    };
    found_.parts[stage.name()] = fit(samples.at(stage.name()), alone ? 1 : ranks(), growth(&StageEffort::least_growth),
                                     growth(&StageEffort::most_growth));
    if (effort == nullptr) return;
    for (const auto& part : effort->parts)
      found_.parts[part.name] = fit(samples.at(part.name), ranks(), part.least_growth, part.most_growth);
  }

  const Job& job_;
  const Workload& study_;
  ScratchFolder scratch_;
  Calibration found_;
  std::vector<std::string> sample_;  // on the root
  std::int64_t available_ = 0;
  std::vector<Network> networks_;
};

}  // namespace

Calibration measure_study(const Job& job, const Workload& study) {
  require(
      job.comm.local_size() == job.comm.size(),
      "measure on one node, with as many ranks as will run on each: its files lie in TMPDIR, which others do not see");
  return StudyMeasurement(job, study).run();
}

}  // namespace coterie::jobs
