#include "coterie/artifacts/codebook.hpp"

#include <algorithm>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/features.hpp"
#include "coterie/base/csv.hpp"
#include "coterie/base/npy.hpp"
#include "coterie/clustering/byte_kmeans.hpp"
#include "coterie/clustering/kmeans.hpp"
#include "coterie/clustering/minibatch_kmeans.hpp"
#include "coterie/dist/progress.hpp"
#include "outputs/output_folder.hpp"
#include "outputs/table_file.hpp"
#include "planning/effort.hpp"
#include "stages/word_counts.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kSampleOfWord = 256;  // descriptors for each word: FAISS's limit, past which little is gained
constexpr std::int64_t kPublishedBatch = 500;
constexpr std::int64_t kUsualBatch = 1024;
constexpr double kDescriptorColumns = 128, kUsualPasses = 30;  // for what a plan says of work and memory

// An artifact's descriptors of bytes.
class StoredBytes final : public ByteRows {
 public:
  explicit StoredBytes(const DescriptorReader& descriptors) : descriptors_(descriptors) {}
  std::int64_t rows() const override { return descriptors_.rows(); }
  std::int64_t columns() const override { return descriptors_.columns(); }
  void read(RowRange range, std::uint8_t* out) const override { descriptors_.read(range, out); }

 private:
  const DescriptorReader& descriptors_;
};

bool minibatch(const Job& job) { return job.options.text("algorithm") == "minibatch"; }

// Rows to train on; empty where all are.
std::vector<std::int64_t> sample_of(const Job& job, const DescriptorReader& descriptors) {
  std::int64_t wanted = job.options.count("sample");
  if (wanted == 0) wanted = kSampleOfWord * job.options.count("words");
  if (wanted >= descriptors.rows() || job.options.flag("as-published")) return {};
  return stratified_sample(descriptors.rows(), wanted, static_cast<std::uint64_t>(job.options.count("seed")));
}

Codebook find_byte_words(const Job& job, const DescriptorReader& descriptors, std::vector<std::int64_t> sample) {
  ByteKMeansOptions options{.k = job.options.count("words"),
                            .max_iter = static_cast<int>(job.options.count("max-iter")),
                            .seed = static_cast<std::uint64_t>(job.options.count("seed")),
                            .sample = std::move(sample)};
  if (minibatch(job)) options.batch_rows = std::max(job.options.count("batch-rows"), std::int64_t{0});
  if (minibatch(job) && options.batch_rows == 0) options.batch_rows = kUsualBatch;
  if (job.options.flag("as-published")) {
    // partial_fit over (images / 500) chunks, but of the descriptors, not of the images' lists of them.
    options.batch_rows = kPublishedBatch;
    options.batches_in_order = true;
    options.batches = std::max(std::int64_t{1}, descriptors.images() / kPublishedBatch);
  }
  Progress progress(job.speaks(), "codebook", options.max_iter, "passes");
  if (options.batch_rows == 0) options.on_iteration = [&](int, double) { progress.advance(1); };
  const StoredBytes rows(descriptors);
  const ByteKMeansResult result = byte_kmeans(rows, options, job.comm, job.pool);
  Codebook found;
  for (const auto value : result.centroids)
    found.centres.push_back(static_cast<float>(value) / static_cast<float>(kCentroidUnits));
  found.inertia = result.inertia;
  found.iterations = result.n_iter;
  found.trained = options.batch_rows > 0   ? result.n_iter * options.batch_rows
                  : options.sample.empty() ? descriptors.rows()
                                           : std::ssize(options.sample);
  return found;
}

Codebook find_float_words(const Job& job, const DescriptorReader& descriptors, std::vector<std::int64_t> sample) {
  const auto source = descriptors.open_rows(std::move(sample));
  const RowSource& rows = *source;
  const auto seed = static_cast<std::uint64_t>(job.options.count("seed"));
  const std::int64_t k = job.options.count("words");
  KMeansResult result;
  if (minibatch(job)) {
    MiniBatchOptions options{.k = k, .n_init = 1, .seed = seed, .memory_bytes = job.memory_bytes};
    if (job.options.count("batch-rows") > 0) options.batch_rows = job.options.count("batch-rows");
    result = minibatch_kmeans(rows, options, job.comm, job.pool);
  } else {
    result = kmeans(rows,
                    {.k = k,
                     .n_init = 1,
                     .max_iter = static_cast<int>(job.options.count("max-iter")),
                     .seed = seed,
                     .settle = false,
                     .memory_bytes = job.memory_bytes},
                    job.comm, job.pool);
  }
  Codebook found;
  found.centres = std::move(result.centroids);
  found.inertia = result.inertia;
  found.iterations = result.n_iter;
  found.trained = rows.rows();
  return found;
}

void require_words(const Job& job, const DescriptorReader& descriptors) {
  require(descriptors.rows() > 0,
          "{} holds no descriptor: no image has a keypoint. Try coterie words with --detector dense-sift",
          descriptors.path());
  const std::int64_t words = job.options.count("words");
  require(words <= descriptors.rows(), "--words {}: {} holds only {} descriptors", words, descriptors.path(),
          descriptors.rows());
  require(!job.options.flag("as-published") || descriptors.bytes(),
          "--as-published is for descriptors of SIFT as bytes; those of {} are of another kind", descriptors.path());
}

Codebook find_words(const Job& job, const DescriptorReader& descriptors) {
  auto sample = sample_of(job, descriptors);
  Codebook found = descriptors.bytes() ? find_byte_words(job, descriptors, std::move(sample))
                                       : find_float_words(job, descriptors, std::move(sample));
  found.descriptors = descriptors.name();
  found.words = job.options.count("words");
  found.columns = descriptors.columns();
  return found;
}

void print_summary(const Job& job, const Codebook& found, const CodebookReader& made) {
  const auto frequencies = made.frequencies();
  const auto empty = std::count(frequencies.begin(), frequencies.end(), 0);
  const Documents& documents = made.documents();
  std::int64_t without = 0;
  for (std::int64_t d = 0; d < documents.global_documents; ++d) without += documents.words_of(d).empty() ? 1 : 0;
  job.say("{} words from {} descriptors in {} {}; the mean squared distance to the own word is {:.4g}", found.words,
          found.trained, found.iterations, minibatch(job) || job.options.flag("as-published") ? "steps" : "passes",
          found.inertia / static_cast<double>(std::max<std::int64_t>(1, found.trained)));
  if (empty > 0) job.say("{} words occur in no image", empty);
  if (without > 0) job.say("{} images have no word at all; their bags are empty", without);
}

std::string bags_name(const Job& job, const std::string& codebook) {
  const std::string weighting = job.options.text("weighting");
  return weighting == "counts" ? codebook : codebook + "-" + weighting;
}

// The bags of words as features, which reduce, cluster and the others take as they take a network's.
void make_bags(const Job& job, const DescriptorReader& descriptors, const std::string& codebook_name) {
  const std::string name = bags_name(job, codebook_name), weighting = job.options.text("weighting");
  Recipe recipe(job.command.name(), job.command.stage->revision);
  std::string digest;
  job.comm.on_root([&] { digest = job.study.open(Kind::codebooks, codebook_name).digest(); });
  job.comm.broadcast(digest);
  recipe.parent(Study::address(Kind::codebooks, codebook_name), digest);
  recipe.set("weighting", weighting);
  if (!job.must_make(Kind::features, name, recipe)) return;
  job.comm.on_root([&] {
    const CodebookReader codebook(job.study, codebook_name);
    write_computed(job.study.path(Kind::features, name), recipe,
                   BagRows(codebook.documents(), word_weighting_of(weighting)), descriptors.identities(),
                   descriptors.statuses());
  });
  job.made(Kind::features, name);
}

std::vector<std::string> wanted_tables(const Options& options) {
  auto formats = options.texts("histograms");
  for (const auto& format : formats)
    require(format == "csv" || format == "tsv" || format == "npy", "--histograms: \"{}\" is none of csv, tsv, npy",
            format);
  return formats;
}

// One line for each image: its path and the value of each word.
void write_histogram_table(const std::string& path, const RowSource& bags, const std::vector<std::string>& paths,
                           char separator) {
  TableFile table(path, TableText::harmless);
  std::vector<std::string> line{"path"};
  for (std::int64_t word = 0; word < bags.columns(); ++word) line.push_back(fmt::to_string(word));
  table.header(line, separator);
  std::vector<float> row(static_cast<std::size_t>(bags.columns()));
  for (std::int64_t i = 0; i < bags.rows(); ++i) {
    bags.read({i, i + 1}, row.data());
    line.assign(1, paths[static_cast<std::size_t>(i)]);
    for (const float value : row) line.push_back(fmt::format("{}", value));
    table.line(line, separator);
  }
  table.finish();
}

void write_tables(const Job& job, const DescriptorReader& descriptors, const std::string& codebook_name) {
  const auto formats = wanted_tables(job.options);
  if (formats.empty()) return;
  const std::string name = bags_name(job, codebook_name), place = "tables/histograms/" + name;
  const Provenance about =
      provenance_of(job, {{Study::address(Kind::features, name), job.study.open(Kind::features, name).digest()}});
  if (OutputFolder::is_current(job.study.folder() + "/" + place, about)) return;
  OutputFolder folder(job.study.folder(), place, about, job.options.flag("overwrite"));
  const CodebookReader codebook(job.study, codebook_name);
  const BagRows bags(codebook.documents(), word_weighting_of(job.options.text("weighting")));
  const auto paths = descriptors.identities().paths;
  for (const auto& format : formats) {
    if (format == "npy") {
      std::vector<float> values(static_cast<std::size_t>(bags.rows() * bags.columns()));
      bags.read({0, bags.rows()}, values.data());
      write_npy(folder.place("histograms.npy"), values.data(), {bags.rows(), bags.columns()});
    } else {
      write_histogram_table(folder.place("histograms." + format), bags, paths, format == "csv" ? ',' : '\t');
    }
  }
  folder.finish();
  job.say("wrote the histograms into {}", folder.final_folder());
}

void make_codebook(Job& job) {
  wanted_tables(job.options);
  const std::string parent = job.take(Kind::descriptors);
  const DescriptorReader descriptors(job.study, parent);
  const std::string name = artifact_name(job.command, job.options, parent);
  require_artifact_name(name);
  require_words(job, descriptors);
  if (job.must_make(Kind::codebooks, name)) {
    const Codebook found = find_words(job, descriptors);
    CodebookWriter writer(job.study.path(Kind::codebooks, name), job.recipe, found, descriptors.rows(), job.comm);
    Documents documents;
    job.comm.together([&] {
      documents = count_words(job, descriptors, found,
                              [&](std::int64_t first, auto words) { writer.write_words(first, words); });
    });
    writer.finish(documents);
    job.comm.on_root([&] { print_summary(job, found, CodebookReader(job.study, name)); });
    job.made(Kind::codebooks, name);
  }
  if (job.dry_run()) return;
  make_bags(job, descriptors, name);
  job.comm.on_root([&] { write_tables(job, descriptors, name); });
}

// The published script has its own batches and number of words, and knows neither passes nor a sample.
void settle(Options& options) {
  const bool published = options.flag("as-published");
  if (!options.given("words")) options.set("words", published ? "100" : "300");
  for (const char* option : {"sample", "max-iter", "algorithm", "batch-rows"}) {
    require(!published || !options.given(option), "--as-published and --{} exclude each other", option);
    if (published) options.leave_out(option);
  }
  if (!published && options.text("algorithm") != "minibatch") options.leave_out("batch-rows");
}

// The published training is as many mini-batches as there are 500s of images, and no passes.
constexpr const char* kTraining = "codebook training";

void with_one_pass(Options& options, const Workload&) {
  if (!options.flag("as-published")) options.set("max-iter", "1");
}

void with_all_passes(Options& options, const Workload& study) {
  const Options& asked = *study.stage("codebook");
  if (!options.flag("as-published")) options.set("max-iter", asked.text("max-iter"));
}

// Of so many images.
double trained_descriptors(const Workload& study, const Calibration& measured) {
  const Options& options = *study.stage("codebook");
  const double all = measured.descriptors_an_image * static_cast<double>(study.images);
  if (options.flag("as-published"))
    return std::min(all, static_cast<double>(std::max<std::int64_t>(study.images, kPublishedBatch)));
  const std::int64_t sample = options.count("sample");
  return std::min(all, static_cast<double>(sample > 0 ? sample : kSampleOfWord * options.count("words")));
}

// Every descriptor gets its word; the passes before that are over the sample, however many images there are.
void cost_of(const Workload& study, const Calibration& measured, StageCost& cost) {
  const auto n = static_cast<double>(study.images),
             words = static_cast<double>(study.stage("codebook")->count("words"));
  const double each = std::max(measured.descriptors_an_image, 1.0), trained = trained_descriptors(study, measured);
  cost.parallel_seconds += measured.part_seconds(kTraining, std::min(n, trained / each));
  if (const auto part = measured.parts.find(kTraining); part != measured.parts.end())
    cost.serial_seconds += part->second.serial;
  cost.flops = 2 * kDescriptorColumns * words * (each * n + kUsualPasses * trained);
  cost.bytes_read = kDescriptorColumns * (2 * each * n + trained);
  cost.allreduces = 2 * static_cast<std::int64_t>(words + kUsualPasses);
  cost.allreduce_bytes = 8 * kDescriptorColumns * words;
}

// Counts of words are whole on every rank; each has its part of the sample.
StageMemory memory_of(const Workload& study, const Calibration& measured, int ranks) {
  const auto n = static_cast<double>(study.images),
             words = static_cast<double>(study.stage("codebook")->count("words"));
  const double counts = 8 * n * distinct_words(words, measured.descriptors_an_image) + 100 * n;
  const double sums = 8 * words * kDescriptorColumns * (measured.threads + 2);
  return {counts + sums, kDescriptorColumns * trained_descriptors(study, measured) / ranks};
}

double disk_of(const Workload& study, const Calibration& measured) {
  const auto n = static_cast<double>(study.images),
             words = static_cast<double>(study.stage("codebook")->count("words"));
  const double bags = n * (4 * words + 60);
  return bags + 4 * words * kDescriptorColumns + n * 4 * measured.descriptors_an_image +
         n * 8 * distinct_words(words, measured.descriptors_an_image);
}

const StageEffort kEffort{.for_trial = with_one_pass,
                          .parts = {{kTraining, with_all_passes, 1, 1.5}},
                          .cost = cost_of,
                          .memory = memory_of,
                          .disk = disk_of};

}  // namespace

Command codebook() {
  using enum OptionType;
  return {.options = OptionList(
              "codebook",
              {{"descriptors", Role::place, text, "", "NAME", "the descriptors to read; default: the newest", 0, kMost,
                "", true},
               option::name,
               {"words", Role::result, count, "", "K", "visual words; default: 300, with --as-published 100", 1, 1e6},
               {"algorithm", Role::result, choice, "k-means", "", "how words are found; minibatch: for many thousands",
                0, kMost, "k-means|minibatch"},
               {"sample", Role::result, count, "0", "N",
                "descriptors to find the words from, drawn evenly over the images; 0: 256 for each word. Every "
                "descriptor then gets its nearest word",
                0, kMaxCount},
               {"max-iter", Role::result, count, "30", "N", "passes at most; later ones gain little", 1, 1e6},
               option::batch_rows,
               option::seed,
               {"as-published", Role::result, flag, "false", "",
                "as the script of Zhang and Peng's Study 1 trained: mini-batches of 500 of the first descriptors, as "
                "many as there are 500s of images (docs/topics.md)"},
               {"weighting", Role::output, choice, "counts", "",
                "of the bags of words: counts, shares that sum to 1, or tf-idf (scikit-learn's); topics takes counts",
                0, kMost, "counts|l1|tfidf"},
               {"histograms", Role::output, text, "", "csv,tsv,npy",
                "also writes the bags of words as tables, into tables/histograms/"}}),
          .summary = "groups descriptors into visual words, and counts them in each image",
          .example = "mpirun -n 2 coterie codebook --study demo --words 300 --seed 1",
          .run = make_codebook,
          .parallel = true,
          .stage = Stage{.reads = [](const Options&) { return std::vector{Kind::descriptors}; },
                         .makes = Kind::codebooks,
                         .name = [](const Options& options,
                                    const std::string& parent) { return parent + "-" + options.text("words"); },
                         .settle = settle,
                         .writes = {"tables", "tables/histograms"},
                         .trial = Trial::words,
                         .effort = &kEffort}};
}

}  // namespace coterie::jobs
