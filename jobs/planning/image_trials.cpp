#include "planning/image_trials.hpp"

#include <cmath>
#include <filesystem>

#include "coterie/artifacts/descriptors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/features/extractor.hpp"
#include "coterie/features/network.hpp"
#include "coterie/images/decode.hpp"
#include "coterie/images/listing.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kBlock = 32;        // rows that extract and words commit together: the least that shares out
constexpr double kSampleSeconds = 20;      // for the larger of two samples of images
constexpr std::int64_t kMostSample = 512;  // images of a rank in it
constexpr double kDescriptorsOfWord = 10;  // at least, in the smaller: of fewer no words are found in earnest
constexpr std::int64_t kMostScan = 4000;   // images of a rank
constexpr double kDecodeShare = 0.05;      // of the network's time, where no image is at hand (docs/benchmarks.md)

class ImageTrials {
 public:
  explicit ImageTrials(StageTrials& trials) : trials_(trials) {}

  void try_images() {
    list_sample();
    if (available_ < kBlock * trials_.ranks() || trials_.job.options.given("images-per-second"))
      return do_without_images();
    const std::int64_t most = std::min(available_, kMostScan * trials_.ranks());
    trials_.announce(fmt::format("trying scan on {} images", most));
    std::vector<Sample> scans;
    for (const std::int64_t count : {most / 4, most})
      scans.push_back({static_cast<double>(count), scan(fmt::format("scan-{}", count), count)});
    trials_.found.parts["scan"] = fit(scans, trials_.ranks(), 1, 1);
    try_sample();
  }

 private:
  /// Images spread evenly over the listing, as paths for scan's list file; out of shards as copies.
  void list_sample() {
    trials_.job.comm.on_root([&] {
      if (trials_.study.source.empty()) return;
      const ImageList& list = trials_.study.listing(trials_.job.pool.threads());
      const std::int64_t most = (list.shards.empty() ? kMostScan : kMostSample) * trials_.ranks();
      const std::int64_t wanted = std::min(list.size(), most);
      for (std::int64_t i = 0; i < wanted; ++i) add_to_sample(list, i * list.size() / wanted);
      available_ = std::ssize(sample_);
    });
    trials_.job.comm.broadcast(std::span(&available_, 1));
  }

  void add_to_sample(const ImageList& list, std::int64_t number) {
    const ImagePlace place = place_of(list, number);
    if (place.bytes < 0) {
      if (place.file.find('\n') == std::string::npos) sample_.push_back(fs::absolute(place.file).string());
      return;
    }
    const std::string& member = list.paths[static_cast<std::size_t>(number)];
    const std::string copy =
        trials_.scratch.path(fmt::format("copy-{}{}", number, fs::path(member).extension().string()));
    try {
      const auto bytes = image_bytes(place);
      write_new_file(copy, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      sample_.push_back(copy);
    } catch (const DecodeError&) {
      // One that cannot be read is the scan's to tell of.
    }
  }

  double scan(const std::string& folder, std::int64_t count) {
    const std::string list = trials_.scratch.path(folder + ".txt");
    trials_.job.comm.on_root([&] {
      std::string lines;
      for (std::int64_t i = 0; i < count; ++i)
        lines += sample_[static_cast<std::size_t>(i * available_ / count)] + '\n';
      write_new_file(list, lines);
    });
    Options options = trials_.options_of("scan");
    options.set("images", list);
    return trials_.seconds(folder, options);
  }

  /// Extract or words, and what follows words, on two samples of the images.
  void try_sample() {
    std::vector<const Command*> tried = trials_.tried_on(Trial::images);
    std::erase_if(tried, [](const Command* command) { return command->stage->makes == Kind::images; });
    for (const Command* command : trials_.tried_on(Trial::words)) tried.push_back(command);
    StageTrials::Samples samples;
    std::int64_t few = kBlock * trials_.ranks();
    const double first = try_stages(tried, few, samples);
    if (const std::int64_t enough = images_with_words(); enough > few) {
      samples.clear();
      few = enough;
      try_stages(tried, few, samples);
    }
    auto many = static_cast<std::int64_t>(kSampleSeconds / first * static_cast<double>(few)) / kBlock * kBlock;
    many = std::min({many, available_, kMostSample * trials_.ranks()});
    if (many >= 2 * few)
      try_stages(tried, many, samples);
    else
      many = few;
    for (const Command* command : tried)
      if (samples.contains(command->name())) trials_.fit_stage(*command, samples);
    measure_files();
    remember_network();
    try_pictures(sample_folder(many), many);
  }

  static std::string sample_folder(std::int64_t images) { return fmt::format("sample-{}", images); }

  /// All of them one after the other on so many images; seconds.
  double try_stages(const std::vector<const Command*>& tried, std::int64_t images, StageTrials::Samples& samples) {
    const std::string folder = sample_folder(images);
    scan(folder, images);
    double all = 0;
    for (const Command* command : tried) {
      if (command->stage->trial == Trial::words && !has_words(folder)) break;
      trials_.announce(fmt::format("trying {} on {} images", command->name(), images));
      all += trials_.sample(folder, *command, static_cast<double>(images), samples);
    }
    return all;
  }

  /// How many images are to be tried so that there are more descriptors than words.
  std::int64_t images_with_words() const {
    const Options* codebook = trials_.study.stage("codebook");
    if (codebook == nullptr || trials_.found.descriptors_an_image == 0) return 0;
    const double wanted = kDescriptorsOfWord * static_cast<double>(codebook->count("words"));
    const auto images = static_cast<std::int64_t>(std::ceil(wanted / trials_.found.descriptors_an_image));
    return std::min((images + kBlock - 1) / kBlock * kBlock, available_);
  }

  /// Whether the sample has enough descriptors for the words. Remembers how many there are.
  bool has_words(const std::string& folder) {
    const Options* codebook = trials_.study.stage("codebook");
    const std::string name = artifact_name(find_command(trials_.commands(), "words"), trials_.options_of("words"));
    const DescriptorReader descriptors(Study(trials_.scratch.path(folder)), name);
    trials_.found.descriptors_an_image =
        static_cast<double>(descriptors.rows()) / static_cast<double>(std::max<std::int64_t>(descriptors.images(), 1));
    const auto& extents = descriptors.extents();
    for (std::size_t i = 0; i + 1 < extents.size(); i += 2)
      trials_.found.largest_pixels =
          std::max(trials_.found.largest_pixels, static_cast<double>(extents[i]) * static_cast<double>(extents[i + 1]));
    return codebook == nullptr || descriptors.rows() >= codebook->count("words");
  }

  void measure_files() {
    trials_.job.comm.on_root([&] {
      for (const auto& path : sample_) {
        std::error_code gone;
        const auto bytes = fs::file_size(path, gone);
        if (!gone) trials_.found.bytes_an_image += static_cast<double>(bytes) / static_cast<double>(available_);
      }
    });
    trials_.job.comm.broadcast(std::span(&trials_.found.bytes_an_image, 1));
  }

  void do_without_images() {
    require(trials_.study.stage("words") == nullptr,
            "words and topics can only be planned on images, since how many descriptors they have decides: at least {} "
            "of them; name some with --images, and how many there will be with --image-count",
            kBlock * trials_.ranks());
    time_network_alone();
  }

  void remember_network() {
    for (const auto& request : trials_.study.networks) {
      std::vector<std::string> layers;
      for (const auto& layer : request.layers) layers.push_back(layer.name);
      if (request.backbone.is_module()) continue;  // a module of the user's own brings its weights
      networks_.emplace_back(request.backbone, layers, random_weights(request.backbone, layers, 1), request.preprocess,
                             NetworkOptions{.device = Device::cpu});
      trials_.found.network_memory += 1.2 * static_cast<double>(networks_.back().packed_bytes());
    }
  }

  void time_network_alone() {
    remember_network();
    constexpr std::int64_t kBatch = 4;
    const double given = trials_.job.options.real("images-per-second", 0);
    require(given > 0 || !networks_.empty(),
            "the network is a module of your own and its images are not there; say how fast it is "
            "with --images-per-second");
    trials_.announce(given > 0 ? "the network's speed is as given"
                               : "timing the network alone: the images are not there");
    const double each =
        given > 0 ? 1 / given : seconds_an_image(networks_, trials_.job.pool.threads(), kBatch) * (1 + kDecodeShare);
    trials_.found.parts["extract"] = {0, trials_.job.comm.max(each), 1};
  }

  /// What shows pictures draws as many however many images there are.
  void try_pictures(const std::string& folder, std::int64_t images) {
    const auto shown = trials_.tried_on(Trial::pictures);
    std::vector<std::int64_t> ks;
    for (const auto k : trials_.study.ks)
      if (2 * k <= images) ks.push_back(k);
    if (ks.empty() || shown.empty()) return;
    trials_.announce("trying what draws pictures");
    for (const auto& stage : trials_.study.stages) {
      const Command& command = find_command(trials_.commands(), stage.command());
      const auto& made = command.stage->makes;
      if (!made || (*made != Kind::reductions && *made != Kind::clusterings && *made != Kind::evaluations)) continue;
      Options options = trials_.options_of(command);
      if (*made == Kind::clusterings) options.set("k", fmt::format("{}", fmt::join(ks, ",")));
      trials_.seconds(folder, options);
    }
    for (const Command* command : shown) {
      Options options = trials_.options_of(*command);
      const std::vector<std::int64_t> wanted = shown_ks(*command);
      const bool few = one_is_shown(*command);  // then one will do: what is drawn goes with the clusters
      const std::int64_t tried = ks[ks.size() / 2];
      options.set("k", few ? fmt::to_string(tried) : "");
      const double share = few ? sum_of(wanted) / static_cast<double>(tried)
                               : static_cast<double>(wanted.size()) / static_cast<double>(ks.size());
      trials_.found.parts[command->name()] = {trials_.seconds(folder, options) * share, 0, 1};
    }
  }

  // Montages are of one k unless others are named; the report shows all.
  static bool one_is_shown(const Command& command) { return command.options.takes("preset"); }

  std::vector<std::int64_t> shown_ks(const Command& command) const {
    const std::string asked = trials_.options_of(command).text("k");
    const auto& ks = trials_.study.ks;
    if (!asked.empty() && asked != "all") return parse_counts(asked);
    if (asked.empty() && one_is_shown(command)) return {ks[ks.size() / 2]};
    return ks;
  }

  static double sum_of(const std::vector<std::int64_t>& ks) {
    double sum = 0;
    for (const auto k : ks) sum += static_cast<double>(k);
    return sum;
  }

  StageTrials& trials_;
  std::vector<std::string> sample_;  // on the root
  std::int64_t available_ = 0;
  std::vector<Network> networks_;
};

}  // namespace

void try_images(StageTrials& trials) { ImageTrials(trials).try_images(); }

}  // namespace coterie::jobs
