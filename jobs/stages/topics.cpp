#include <algorithm>
#include <cmath>
#include <optional>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/label_values.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/topic_models.hpp"
#include "outputs/output_folder.hpp"
#include "outputs/published_topics.hpp"
#include "outputs/topic_tables.hpp"
#include "planning/effort.hpp"
#include "stages/topic_fits.hpp"
#include "stages/topic_source.hpp"

namespace coterie::jobs {
namespace {

void require_documents(const Job& job, const TopicSource& source) {
  const std::int64_t documents = source.whole.global_documents;
  std::int64_t with = 0;
  for (std::int64_t d = 0; d < documents; ++d) with += source.whole.words_of(d).empty() ? 0 : 1;
  require(with > 0, "none of the {} documents of {} has a word", documents, source.name());
  job.say("{} documents, {} of them without a word; {} different words", documents, documents - with,
          source.whole.vocabulary);
  for (const auto topics : job.options.counts("topics"))
    if (topics > with)
      job.say("warning: {} topics of only {} documents with words: most topics will be of no document", topics, with);
}

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

void print_solution(const Job& job, const TopicSolution& solution) {
  const TopicEvidence& evidence = solution.evidence;
  const auto largest = std::max_element(evidence.share.begin(), evidence.share.end());
  std::string text =
      fmt::format("{} topics after {} passes{}: {:.4f} nats a word", solution.model.topics, solution.evidence.n_iter,
                  solution.evidence.converged ? "" : " (--max-iter ended it)", evidence.word_bound);
  if (!std::isnan(evidence.held_out_completion))
    text += fmt::format(", {:.4f} of held-out halves", evidence.held_out_completion);
  if (!std::isnan(evidence.stability)) text += fmt::format(", stability {:.2f}", evidence.stability);
  job.say("{}; the largest topic has {} of all words", text, percent(*largest));
}

// What speaks for which number: the one that completes held-out documents best, where documents were held out.
void print_evidence(const Job& job, const TopicReader& reader) {
  if (reader.numbers().size() < 2) return;
  std::int64_t best = 0;
  double most = -INFINITY;
  for (const auto topics : reader.numbers()) {
    const double value = reader.evidence(topics).held_out_completion;
    if (value > most) most = value, best = topics;
  }
  if (best == 0) return;
  const bool end = best == reader.numbers().front() || best == reader.numbers().back();
  job.say("{} topics complete held-out documents best{}", best,
          end ? ", at an end of the list: the best may lie beyond it" : "");
}

// On the root; classes by column, of all documents.
std::vector<Classes> label_classes(const Job& job, const RowNames& names) {
  std::vector<Classes> classes;
  for (const auto& column : job.options.texts("labels")) {
    Classes found = classes_of(names, column);
    if (found.names.empty())
      job.say("{}: the images lie in no such folders, so there are no labels to compare topics with", column);
    else
      classes.push_back(std::move(found));
  }
  return classes;
}

// One rank: all theta are on it.
LabelledTopics compare_with(const Job& job, const TopicSolution& solution, Classes classes) {
  LabelledTopics labelled;
  const auto labels = std::ssize(classes.names);
  const Communicator& alone = Communicator::self();
  labelled.topics =
      label_topics(solution.local_theta, solution.model.topics, classes.labels, labels, solution.local.size(), alone);
  labelled.divergences =
      group_divergences(solution.local_theta, solution.model.topics, solution.local, classes.labels, labels,
                        {.seed = static_cast<std::uint64_t>(job.options.count("seed"))}, alone);
  labelled.classes = std::move(classes);
  return labelled;
}

void write_tables(const Job& job, const TopicSource& source, const std::string& name) {
  const TopicReader reader(job.study, name);
  const RowNames names = document_names(job.study, source);
  const std::string place = "tables/topics/" + name;
  std::map<std::string, std::string> made_of{{Study::address(Kind::topics, name), reader.digest()}};
  for (const auto& column : job.options.texts("labels"))
    made_of.emplace(kValuesOf + column, values_digest(column_of(names, column)));
  const Provenance about = provenance_of(job, made_of);
  // Masks may have changed without anybody saying so.
  if (!job.options.given("masks") && OutputFolder::is_current(job.study.folder() + "/" + place, about)) return;
  OutputFolder folder(job.study.folder(), place, about, job.options.flag("overwrite"));
  const TopicTables tables(folder.folder(), job.options.flag("exact") ? TableText::exact : TableText::harmless);
  tables.write_evidence(reader);
  const auto classes = label_classes(job, names);
  std::optional<MaskClasses> masks;
  if (job.options.given("masks")) masks = read_masks(job.options.text("masks"), names, job.pool);
  std::optional<PublishedTopics> published;
  if (job.options.text("as") == "rmsander") published.emplace(job, source, names, folder.folder());
  if (published) published->write_words(classes.empty() ? nullptr : &classes.front());
  for (const auto topics : reader.numbers()) {
    const TopicSolution solution = reader.solution(topics);
    tables.write_topics(solution);
    tables.write_documents(solution, names);
    std::vector<LabelledTopics> labelled;
    for (const auto& each : classes) labelled.push_back(compare_with(job, solution, each));
    for (const auto& each : labelled) tables.write_labels(solution, each);
    if (masks) tables.write_classes(solution, *masks);
    if (published)
      published->write_solution(solution, labelled.empty() ? nullptr : &labelled.front(), masks ? &*masks : nullptr);
  }
  folder.finish();
  job.say("wrote {}", folder.final_folder());
}

void find_topics(Job& job) {
  const TopicSource source = take_topic_source(job);
  const std::string name = artifact_name(job.command, job.options, source.name());
  require_artifact_name(name);
  if (job.must_make(Kind::topics, name)) {
    require_documents(job, source);
    const auto numbers = job.options.counts("topics");
    TopicFits fits(job, source, name);
    std::vector<TopicSolution> solutions;
    for (const auto topics : numbers) {
      solutions.push_back(fits.solve(topics));
      print_solution(job, solutions.back());
    }
    TopicWriter writer(job.study.path(Kind::topics, name), job.recipe,
                       {source.codebook, source.features, job.options.flag("spatial"), source.whole.global_documents},
                       numbers, job.comm);
    for (const auto& solution : solutions) writer.write(solution);
    writer.finish();
    job.comm.on_root([&] {
      fits.forget();
      print_evidence(job, TopicReader(job.study, name));
    });
    job.made(Kind::topics, name);
  }
  if (job.dry_run()) return;
  job.comm.on_root([&] { write_tables(job, source, name); });
}

// Evidence costs fits of its own: by default only where numbers of topics are to be compared.
void settle(Options& options) {
  const bool several = options.counts("topics").size() > 1, spatial = options.flag("spatial");
  require(!options.given("features") || !options.given("codebook"), "--features and --codebook exclude each other");
  require(!options.given("features") || !spatial,
          "--spatial needs to know where words lie, which only a codebook does, not --features");
  require(!spatial || !options.given("held-out") || options.real("held-out") == 0,
          "--held-out is not there for --spatial: images, not words, would have to be held out of both");
  if (!options.given("held-out")) options.set("held-out", several && !spatial ? "0.1" : "0");
  if (!options.given("more-seeds")) options.set("more-seeds", several ? "2" : "0");
  if (!spatial)
    for (const char* option : {"pitch", "sigma", "radius"}) {
      require(!options.given(option), "--{} is an option of --spatial", option);
      options.leave_out(option);
    }
  if (options.text("updates") != "online") options.leave_out("batch-documents");
}

std::vector<Kind> reads(const Options& options) {
  return {options.given("features") ? Kind::features : Kind::codebooks};
}

constexpr Option for_output(Option option) {
  option.role = Role::output;
  return option;
}

// How many fits each number of topics takes.
double fits_of(const Options& options) {
  return 1 + static_cast<double>(options.count("more-seeds", 0)) + (options.real("held-out", 0) > 0 ? 1 : 0);
}

double vocabulary_of(const Workload& study) {
  const Options* codebook = study.stage("codebook");
  return static_cast<double>(codebook != nullptr ? codebook->count("words") : study.dimensions);
}

// Regions of an image, to which spatial words belong; without them the image is one.
double regions_of(const Options& options) {
  if (!options.flag("spatial")) return 1;
  const double along = 1 / options.real("pitch");
  return along * along;
}

void cost_of(const Workload& study, const Calibration& measured, StageCost& cost) {
  const Options& options = *study.stage("topics");
  const double words = distinct_words(vocabulary_of(study), measured.descriptors_an_image);
  const double passes = static_cast<double>(options.count("max-iter"));
  constexpr double kUpdates = 20;  // of a document's gamma in a pass
  double topics = 0;
  for (const auto number : options.counts("topics")) topics += static_cast<double>(number);
  cost.flops = fits_of(options) * passes * kUpdates * 4 * topics * words * static_cast<double>(study.images);
  cost.bytes_read = 8 * words * static_cast<double>(study.images);
  cost.allreduces = static_cast<std::int64_t>(fits_of(options) * passes) * std::ssize(options.counts("topics"));
  cost.allreduce_bytes = 8 * vocabulary_of(study) * topics / static_cast<double>(options.counts("topics").size());
}

// lda()'s own, of the largest number of topics; the documents, whole on every rank.
StageMemory memory_of(const Workload& study, const Calibration& measured, int ranks) {
  const Options& options = *study.stage("topics");
  const auto numbers = options.counts("topics");
  const auto k = static_cast<double>(*std::max_element(numbers.begin(), numbers.end()));
  const auto n = static_cast<double>(study.images);
  const double own = 8 * k * n * regions_of(options) / ranks;
  const double documents = 8 * n * distinct_words(vocabulary_of(study), measured.descriptors_an_image);
  return {8 * vocabulary_of(study) * k * (measured.threads + 4) + 2 * own + documents};
}

double disk_of(const Workload& study, const Calibration&) {
  double disk = 0;
  for (const auto number : study.stage("topics")->counts("topics"))
    disk += 8 * static_cast<double>(number) * (static_cast<double>(study.images) + vocabulary_of(study));
  return disk;
}

// With more documents it takes some more passes until the bound rests.
const StageEffort kEffort{.least_growth = [](const Workload&) { return 1.0; },
                          .most_growth = [](const Workload&) { return 1.25; },
                          .cost = cost_of,
                          .memory = memory_of,
                          .disk = disk_of};

}  // namespace

Command topics() {
  using enum OptionType;
  return {
      .options = OptionList(
          "topics",
          {{"codebook", Role::place, text, "", "NAME", "the codebook whose words to read; default: the newest", 0,
            kMost, "", true},
           {"features", Role::place, text, "", "NAME",
            "instead of a codebook: counts of words that were made elsewhere and imported", 0, kMost, "", true},
           option::name,
           {"topics", Role::result, counts, "20", "N,...",
            "how many topics; of several, as 10,20,40, all are found, with the evidence for each", 1, 100000},
           {"spatial", Role::result, flag, "false", "",
            "words that lie together in an image share topics (spatial LDA: Wang and Grimson 2007)"},
           {"pitch", Role::result, real, "0.1", "SHARE",
            "--spatial: between the centres of regions, of an image's longer edge", 0.001, 10},
           {"sigma", Role::result, real, "0.1", "SHARE",
            "--spatial: how far from a region's centre its words lie, of the longer edge", 0.0001, 1000},
           {"radius", Role::result, real, "0", "SHARE", "--spatial: of a region; 0: 3 sigma", 0, 1000},
           {"doc-topic-prior", Role::result, real, "0", "ALPHA", "of an image's topics; 0: 1/N", 0, 1e6},
           {"topic-word-prior", Role::result, real, "0", "ETA", "of a topic's words; 0: 1/N", 0, 1e6},
           {"updates", Role::result, choice, "batch", "",
            "topics are improved after all documents, or after some of them (online), for millions", 0, kMost,
            "batch|online"},
           {"batch-documents", Role::result, count, "128", "N", "online: documents of one update", 1, kMaxCount},
           {"max-iter", Role::result, count, "100", "N", "passes over the documents, at most", 1, 1e6},
           {"tol", Role::result, real, "0.0001", "SHARE",
            "ends when a pass changes the bound by less than this part of it; 0: never", 0, 1},
           {"held-out", Role::result, real, "", "SHARE",
            "documents to hold out of one more fit, which then completes them; default: 0.1 with several numbers of "
            "topics, else 0",
            0, 0.9},
           {"more-seeds", Role::result, count, "", "N",
            "fits by other seeds, for how stable the topics are; default: 2 with several numbers of topics, else 0", 0,
            100},
           option::seed,
           for_output(option::labels),
           {"masks", Role::output, text, "", "DIR",
            "segmentation masks in ADE20K's colour code (a/b_seg.png or a/b.png of an image a/b.jpg): what topics are "
            "of"},
           {"as", Role::output, choice, "coterie", "",
            "also write what a published study's scripts left, by their names: rmsander, pickles of spatial_LDA with "
            "the first of --labels",
            0, kMost, "coterie|rmsander"},
           option::exact}),
      .summary = "finds topics in bags of words: latent Dirichlet allocation, also spatial",
      .example = "mpirun -n 2 coterie topics --study demo --topics 20 --seed 1",
      .run = find_topics,
      .parallel = true,
      .stage = Stage{.reads = reads,
                     .makes = Kind::topics,
                     .name =
                         [](const Options& options, const std::string& parent) {
                           return parent + (options.flag("spatial") ? "-spatial-lda" : "-lda");
                         },
                     .settle = settle,
                     .writes = {"tables", "tables/topics"},
                     .trial = Trial::words,
                     .effort = &kEffort}};
}

}  // namespace coterie::jobs
