#include <algorithm>

#include "coding/coded_solution.hpp"
#include "coding/coded_target.hpp"
#include "coding/coding_forms.hpp"
#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/coding.hpp"
#include "coterie/artifacts/topic_models.hpp"
#include "coterie/base/digest.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/shell_quoted.hpp"
#include "coterie/coding/proportions.hpp"
#include "outputs/cluster_names.hpp"
#include "outputs/left_out.hpp"
#include "outputs/output_folder.hpp"
#include "outputs/picture_reader.hpp"

namespace coterie::jobs {
namespace {

constexpr double kSecondsOfItem = 4;  // 3 to 5 for a coder who is used to it

std::int64_t usual_items(const Options& options) { return options.text("task") == "fit" ? 20 : 5; }

bool of_topics(const Job& job) { return job.options.given(Kind::topics.one); }

// The one k that is coded: --k, the chosen one, or the only one.
std::int64_t k_to_code(Job& job, const std::string& name) {
  auto ks = of_topics(job) ? job.options.counts("k") : job.chosen_ks(name);
  const auto there = of_topics(job) ? TopicReader(job.study, name).numbers() : ClusteringReader(job.study, name).ks();
  if (ks.empty()) ks = there;
  require(ks.size() == 1, "people judge one solution: name it with --k, one of {}{}", fmt::join(there, ", "),
          of_topics(job) ? "" : ", or choose it with coterie choose");
  require(std::find(there.begin(), there.end(), ks.front()) != there.end(), "{} has no solution with k = {}, only {}",
          name, ks.front(), fmt::join(there, ", "));
  job.recipe.set("k", fmt::to_string(ks.front()));
  job.options.set("k", fmt::to_string(ks.front()));
  job.asked.set("k", fmt::to_string(ks.front()));
  return ks.front();
}

// What a person called the clusters in names.json; none where the task shows none, or not all have a name.
std::vector<std::string> names_to_show(const Job& job, const ClusterNames& said, std::int64_t k) {
  const std::string task = job.options.text("task");
  if (!said.there() || (task != "fit" && task != "labels")) return {};
  std::vector<std::string> names;
  for (std::int64_t c = 0; c < k; ++c) names.push_back(said.name(c));
  return std::find(names.begin(), names.end(), "") == names.end() ? names : std::vector<std::string>{};
}

Coding draw_coding(const Job& job, Coding coding, const RowNames& names, std::vector<std::string> cluster_names) {
  const Options& options = job.options;
  coding.task = task_of(options.text("task"));
  coding.seed = static_cast<std::uint64_t>(options.count("seed"));
  // Made of what the recipe is made of, the digest of the clustering among it, which no coder has.
  coding.key = sha256("coding " + job.recipe.digest());
  coding.names = std::move(cluster_names);
  require(
      coding.task != CodingTask::labels || !of_topics(job),
      "--task labels offers names that a person gave to clusters, and topics have none: fit, intrusion and pairs are "
      "there for topics");
  require(coding.task != CodingTask::labels || !coding.names.empty(),
          "--task labels offers the clusters' names, and not every cluster of this solution has one: give them in the "
          "page of coterie view, and save it as names.json in the study");
  const ItemPlan plan{.task = coding.task,
                      .random = options.count("per-cluster", usual_items(options)),
                      .nearest = options.count("nearest"),
                      .boundary = options.count("boundary"),
                      .gold = options.count("gold"),
                      .seed = coding.seed};
  const CodedSolution solution = of_topics(job) ? coded_topics(job.study, coding.topic_model, coding.k, names)
                                                : coded_solution(job, ClusteringReader(job.study, coding.clustering),
                                                                 coding.k, names, plan.boundary > 0);
  coding.sizes.assign(static_cast<std::size_t>(coding.k), 0);
  for (const auto label : solution.labels)
    if (label >= 0) ++coding.sizes[static_cast<std::size_t>(label)];
  coding.items = draw_items(solution, plan);
  require(!coding.items.empty(), "there is nothing to code: --per-cluster, --nearest and --boundary are 0");
  if (coding.task == CodingTask::fit)
    coding.references = reference_rows(solution, coding.items, options.count("references"));
  coding.references.resize(static_cast<std::size_t>(coding.k));
  coding.forms = divide_items(coding.items, options.count("coders"), options.real("overlap"),
                              coding.task == CodingTask::fit, coding.seed);
  return coding;
}

// How far the sample reaches, before anybody has spent an hour on it.
void tell_size(const Job& job, const Coding& coding) {
  std::int64_t most = 0;
  for (const auto& form : coding.forms) most = std::max(most, std::ssize(form));
  job.say("{} items for {} coder{}, up to {} each: about {:.0f} minutes", coding.items.size(), coding.coders(),
          coding.coders() == 1 ? "" : "s", most, kSecondsOfItem * static_cast<double>(most) / 60 + 0.5);
  const auto items = job.options.count("per-cluster", usual_items(job.options));
  if (items == 0 || coding.task == CodingTask::pairs) return;
  const auto n = static_cast<double>(items);
  const Interval interval = wilson_interval(0.9 * n, n);
  job.say(
      "with {} items of a cluster, a share of 0.9 is known to about ± {:.2f} (95 %); with 50 to ± 0.085, with 100 to "
      "± 0.06",
      items, (interval.high - interval.low) / 2);
}

void tell_unread(const Job& job, std::int64_t unread) {
  if (unread > 0) job.say("{} images could not be read and are crossed squares in the forms", unread);
}

void write_forms(const Job& job, const Coding& coding, const std::string& name, const CodedTarget& target) {
  const ArtifactReader made = job.study.open(Kind::codings, name);
  const Provenance about = provenance_of(job, {{Study::address(Kind::codings, name), made.digest()}});
  if (OutputFolder::is_current(job.study.folder() + "/forms/" + name, about)) return;
  const ImageTable table = read_image_table(job.study.images_path());
  const ImageReader read = picture_reader(table, target.decode);
  make_folder_inside(job.study.folder(), "forms");
  OutputFolder folder(job.study.folder(), "forms/" + name, about, job.options.flag("overwrite"));
  tell_unread(job, write_coding_forms(job, coding, target.names, read, static_cast<int>(job.options.count("picture")),
                                      folder.folder()));
  folder.finish();
  job.say("wrote {}: open it in a browser, or print coder1-print.html and fill in coder1.csv",
          folder.final_place("coder1.html"));
  job.say("the images leave the study in these forms, faces and all, without EXIF: send them only to your coders");
}

// Where nothing was clustered, and topics were found, it is these that somebody wants to code.
void require_clusters_or_offer_topics(const Job& job) {
  job.comm.on_root([&] {
    if (job.options.given(Kind::clusterings.one) || !job.study.list(Kind::clusterings).empty()) return;
    const auto models = job.study.list(Kind::topics);
    require(models.empty(),
            "{} holds no clustering, but a topic model: coterie code make --study {} --{} {} codes its topics",
            job.study.folder(), shell_quoted(job.study.folder()), Kind::topics.one,
            models.empty() ? "" : models.front());
  });
}

void make(Job& job) {
  const bool topics = of_topics(job);
  if (!topics) require_clusters_or_offer_topics(job);
  const std::string taken = job.take(topics ? Kind::topics : Kind::clusterings);
  const std::int64_t k = k_to_code(job, taken);
  std::vector<std::string> cluster_names;
  std::string digest;
  job.comm.on_root([&] {
    const auto file = NamesFile::find(job);
    if (!file || topics) return;
    cluster_names = names_to_show(job, file->of(job, ClusteringReader(job.study, taken), k), k);
    digest = sha256(fmt::format("{}", fmt::join(cluster_names, "\n")));
  });
  job.comm.broadcast(digest);
  bool named = !cluster_names.empty();
  job.comm.broadcast(std::span(&named, 1));
  if (named) job.read_input("cluster names", digest);
  const std::string name = artifact_name(job.command, job.options, taken);
  require_artifact_name(name);
  const bool work = job.must_make(Kind::codings, name);
  job.comm.on_root([&] {
    if (job.dry_run()) return;
    const CodedTarget target = coded_target(job.study, topics ? "" : taken, topics ? taken : "");
    require(!target.names.imported, "{} was made of imported features: there are no images to show", taken);
    tell_left_out(job, target.names);
    const Coding empty{.clustering = topics ? "" : taken, .topic_model = topics ? taken : "", .k = k};
    if (work)
      write_coding(job.study.path(Kind::codings, name), job.recipe,
                   draw_coding(job, empty, target.names, cluster_names));
    const Coding coding = read_coding(job.study.open(Kind::codings, name));
    if (work) tell_size(job, coding);
    write_forms(job, coding, name, target);
  });
  if (work) job.made(Kind::codings, name);
}

void settle(Options& options) {
  const std::string task = options.text("task");
  if (!options.given("per-cluster")) options.set("per-cluster", fmt::to_string(usual_items(options)));
  if (task != "fit") options.leave_out("references");
}

}  // namespace

Command code_make() {
  using enum OptionType;
  return {
      .options = OptionList(
          "code make",
          {option::chosen_clustering,
           {Kind::topics.one, Role::place, text, "", "NAME",
            "code a topic model instead: an image belongs to its likeliest topic, and the nearest have most of it; --k "
            "then names the number of topics",
            0, kMost, "", true},
           option::for_result(option::one_chosen_k),
           {"task", Role::result, choice, "fit", "",
            "what coders are asked: does an image fit its cluster's theme (fit), which image does not belong "
            "(intrusion), how alike are two (pairs), which name fits (labels)",
            0, kMost, "fit|intrusion|pairs|labels"},
           {"coders", Role::result, count, "2", "N", "people who code, a form for each", 1, 100},
           {"per-cluster", Role::result, count, "", "N",
            "items of each cluster from a random sample; pairs: so many within and so many between; default: fit 20, "
            "else 5",
            0, 100000},
           {"nearest", Role::result, count, "0", "N",
            "more items of each cluster, of its images nearest to the centroid; they do not stand for it; not pairs", 0,
            100000},
           {"boundary", Role::result, count, "0", "N",
            "more items of each cluster, where it borders on another (intrusion: the intruder is from there); not "
            "pairs",
            0, 100000},
           {"overlap", Role::result, real, "1", "SHARE", "the share of each cluster's items that all coders code", 0,
            1},
           {"gold", Role::result, count, "0", "N",
            "items in all whose answer is plain, mixed in to see whether a coder attends; not with labels", 0, 1000},
           {"references", Role::result, count, "8", "N", "fit: images that show a cluster's theme", 0, 50},
           option::cluster_names,
           {"picture", Role::output, count, "512", "PIXELS", "the longest edge of an image in a form", 64, 2048},
           option::seed,
           option::name}),
      .summary = "forms for people who judge the clusters: offline, blind, one for each coder",
      .example = "coterie code make --study demo --k 10 --task fit --coders 2 --per-cluster 20",
      .run = make,
      .stage = Stage{.reads =
                         [](const Options& options) {
                           return std::vector{options.given(Kind::topics.one) ? Kind::topics : Kind::clusterings};
                         },
                     .makes = Kind::codings,
                     .name =
                         [](const Options& options, const std::string& parent) {
                           return fmt::format("{}-k{}-{}", parent, options.text("k"), options.text("task"));
                         },
                     .settle = settle,
                     .follows_choice = true,
                     .writes = {"forms"},
                     .trial = Trial::none}};
}

}  // namespace coterie::jobs
