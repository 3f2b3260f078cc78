#include <algorithm>
#include <filesystem>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/lineage.hpp"
#include "command/manifest.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/images.hpp"
#include "coterie/base/digest.hpp"
#include "coterie/base/shell_quoted.hpp"
#include "outputs/output_folder.hpp"
#include "outputs/skipped_table.hpp"
#include "planning/effort.hpp"
#include "stages/missing_images.hpp"
#include "stages/scan_together.hpp"

namespace coterie::jobs {
namespace {

// The first image with the same bytes, of those that were read; -1 where there is none before.
std::vector<std::int64_t> first_with_same_bytes(const std::vector<Probe>& probes) {
  std::vector<std::int64_t> first(probes.size(), -1), order;
  for (std::size_t i = 0; i < probes.size(); ++i)
    if (probes[i].status == ImageStatus::ok) order.push_back(static_cast<std::int64_t>(i));
  const auto key = [&](std::int64_t i) {
    const Probe& probe = probes[static_cast<std::size_t>(i)];
    return std::pair(probe.content_hash, probe.bytes);
  };
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return std::pair(key(a), a) < std::pair(key(b), b); });
  for (std::size_t i = 1, begin = 0; i < order.size(); ++i) {
    if (key(order[i]) != key(order[begin])) begin = i;
    if (begin != i) first[static_cast<std::size_t>(order[i])] = order[begin];
  }
  return first;
}

std::string root_of(const ScannedList& scanned) {
  return std::filesystem::absolute(scanned.list.root).lexically_normal().string();
}

// Empty where it cannot be read: then it is replaced, whatever it was.
std::string digest_of_what_is_there(const Study& study) {
  try {
    return usable_digest(study.open(Kind::images, "images"));
  } catch (const FileError&) {
    return "";
  }
}

ImageTable make_table(ScannedList scanned, bool skip_duplicates) {
  ImageTable table;
  table.root = root_of(scanned);
  table.paths = std::move(scanned.list.paths);
  table.columns = std::move(scanned.list.columns);
  table.values = std::move(scanned.list.values);
  table.shards = std::move(scanned.list.shards);
  table.duplicate_of = first_with_same_bytes(scanned.probes);
  for (std::size_t i = 0; i < scanned.probes.size(); ++i) {
    Probe& probe = scanned.probes[i];
    const bool left_out = skip_duplicates && table.duplicate_of[i] >= 0;
    table.statuses.push_back(left_out ? ImageStatus::duplicate : probe.status);
    table.reasons.push_back(left_out
                                ? "the same bytes as " + table.paths[static_cast<std::size_t>(table.duplicate_of[i])]
                                : std::move(probe.reason));
    table.bytes.push_back(probe.bytes);
    table.hashes.push_back(probe.content_hash);
    table.widths.push_back(probe.width);
    table.heights.push_back(probe.height);
    table.pages.push_back(probe.pages);
    table.bits.push_back(static_cast<std::uint8_t>(probe.bits));
    table.used_bits.push_back(static_cast<std::uint8_t>(probe.used_bits));
    table.remarks.push_back(probe.remarks);
    table.notes.push_back(std::move(probe.note));
  }
  return table;
}

// Identifies what was listed: paths, sizes and metadata, but no dates, so that a copied collection is the same one. Of
// shards also where in them their images lie: what was packed anew is read anew.
std::string listing_digest(const ImageList& list, const std::vector<Probe>& probes) {
  Sha256 digest;
  const auto add = [&](const std::string& text) { digest.update(text.c_str(), text.size() + 1); };
  for (std::size_t i = 0; i < list.paths.size(); ++i) {
    add(list.paths[i]);
    add(fmt::format("{} {:016x}", probes[i].bytes, probes[i].content_hash));
    if (!list.shards.empty()) add(fmt::format("{} {}", list.shards.shard[i], list.shards.offsets[i]));
  }
  for (std::size_t c = 0; c < list.columns.size(); ++c) {
    add(list.columns[c]);
    for (const auto& value : list.values[c]) add(value);
  }
  for (const auto& shard : list.shards.shards)
    for (const auto& point : shard.gzip ? shard.gzip->points() : std::vector<AccessPoint>{})
      add(fmt::format("{} {}", point.compressed, point.bits));
  return digest.hex();
}

// What the list left out.
void tell_list(const Job& job, const ImageList& list) {
  for (const auto& note : list.notes) job.say("{}", note);
  for (const auto& problem : list.problems) job.say("passed over {}: {}", problem.path, problem.reason);
  if (list.passed_over > 0)
    job.say("passed over {} files that are no images by their names{}: {}", list.passed_over,
            job.options.flag("by-content") ? " and contents" : " (--by-content looks into them)",
            passed_over_text(list));
  if (list.shards.empty()) return;
  const auto inside = std::count_if(list.shards.shard.begin(), list.shards.shard.end(), [](auto s) { return s >= 0; });
  job.say("{} images lie in {} tar shards", inside, list.shards.shards.size());
}

// What differs from the list that is there.
ListChanges changes_of(const ImageTable& there, const ScannedList& scanned) {
  const PathNumbers numbers = numbers_by_path(there);
  ListChanges changes;
  std::vector<std::pair<std::size_t, std::size_t>> same;  // rows of one path, there and now
  for (std::size_t i = 0; i < scanned.list.paths.size(); ++i) {
    const auto found = numbers.find(scanned.list.paths[i]);
    if (found == numbers.end()) {
      ++changes.fresh;
      continue;
    }
    const auto before = static_cast<std::size_t>(found->second);
    same.emplace_back(before, i);
    changes.changed += there.hashes.empty() || there.hashes[before] != scanned.probes[i].content_hash;
  }
  changes.gone = there.size() - std::ssize(same);
  for (std::size_t c = 0; c < scanned.list.columns.size(); ++c) {
    const std::string& column = scanned.list.columns[c];
    const auto before = std::find(there.columns.begin(), there.columns.end(), column);
    const auto& values = scanned.list.values[c];
    if (before == there.columns.end())
      changes.columns.push_back("a new column " + column);
    else if (const auto& old = there.values[static_cast<std::size_t>(before - there.columns.begin())]; std::any_of(
                 same.begin(), same.end(), [&](const auto& rows) { return old[rows.first] != values[rows.second]; }))
      changes.columns.push_back("other values of " + column);
  }
  for (const auto& column : there.columns)
    if (std::find(scanned.list.columns.begin(), scanned.list.columns.end(), column) == scanned.list.columns.end())
      changes.columns.push_back("no column " + column + " any more");
  return changes;
}

// In words, before the digests of two lists are said to differ.
void refuse_other_list(const Job& job, const ScannedList& scanned) {
  job.comm.on_root([&] {
    if (job.options.flag("overwrite") || !job.study.holds("images")) return;
    if (job.study.open(Kind::images, "images").recipe().inputs() == job.recipe.inputs()) return;
    throw InvalidArgument(fmt::format(
        "the images are not as {} lists them: {}. --overwrite lists them again; features "
        "and what was made of them stay until you make them again",
        job.study.images_path(), list_changes_text(changes_of(read_image_table(job.study.images_path()), scanned))));
  });
}

// A collection that was moved is the same one; only where its files lie has to be written down anew.
bool has_moved(const Job& job, const ScannedList& scanned) {
  bool moved = false;
  job.comm.on_root([&] { moved = job.study.open(Kind::images, "images").attribute("root") != root_of(scanned); });
  job.comm.broadcast(std::span(&moved, 1));
  return moved;
}

// Features that were made of the list as it was before.
void tell_outdated(const Job& job, const std::string& before) {
  const bool other = usable_digest(job.study.open(Kind::images, "images")) != before;
  if (before.empty() || !other || job.study.list(Kind::features).empty()) return;
  job.say(
      "features were made from the list as it was before; coterie info --study {} lists the commands that bring the "
      "study up to date",
      shell_quoted(job.study.folder()));
}

// What was made of each image: which, and for which reasons not. On the root.
void print_statuses(const Job& job, const ImageTable& table) {
  const auto repeated =
      std::count_if(table.duplicate_of.begin(), table.duplicate_of.end(), [](auto i) { return i >= 0; });
  job.say("{}{}", statuses_text(table.statuses),
          repeated > 0 ? fmt::format("; {} of them the same bytes as an earlier one", repeated) : "");
  for (const auto& group : reasons_of(table.paths, table.statuses, table.reasons)) job.say("{}", reason_text(group));
  for (const auto& count : count_remarks(table)) job.say("{}", remark_text(table, count));
}

// The images that take no part, each with its reason, from now on: a person mends the collection before the long
// stages.
void write_tables(const Job& job, const ImageTable& table) {
  const ArtifactReader artifact = job.study.open(Kind::images, "images");
  const Provenance about = provenance_of(job, {{"images", artifact.digest()}});
  const std::string place = "tables/images";
  if (OutputFolder::is_current(job.study.folder() + "/" + place, about)) return;
  OutputFolder folder(job.study.folder(), place, about, job.options.flag("overwrite"));
  write_skipped(folder.folder() + "/", table, table.statuses, TableText::harmless);
  folder.finish();
  if (std::any_of(table.statuses.begin(), table.statuses.end(), [](auto status) { return status != ImageStatus::ok; }))
    job.say("wrote {}: each image that is left out, and why", folder.final_place("skipped.csv"));
}

void list_and_probe(Job& job) {
  ScannedList scanned = scan_together(job);
  tell_list(job, scanned.list);
  job.comm.on_root([&] { tell_missing(job, scanned); });
  std::string digest = job.comm.is_root() ? listing_digest(scanned.list, scanned.probes) : "";
  job.comm.broadcast(digest);
  std::int64_t images = scanned.list.size();
  job.comm.broadcast(std::span(&images, 1));
  job.recipe.set("images listed", fmt::to_string(images));
  job.read_input("listing", digest);
  refuse_other_list(job, scanned);
  if (!job.must_make(Kind::images, "images") && (job.dry_run() || !has_moved(job, scanned)))
    return job.comm.on_root([&] {
      if (!job.dry_run()) write_tables(job, read_image_table(job.study.images_path()));
    });
  std::string before;
  ImageTable table;
  job.comm.on_root([&] {
    if (job.study.holds("images")) before = digest_of_what_is_there(job.study);
    table = make_table(std::move(scanned), job.options.text("duplicates") == "skip");
    write_image_table(job.study.images_path(), job.recipe, table);
    print_statuses(job, table);
  });
  job.made(Kind::images, "images");
  job.comm.on_root([&] {
    write_tables(job, table);
    tell_outdated(job, before);
  });
}

constexpr double kMemoryOfListing =
    380;  // of an image, on the root: its path, its row of the table, what the probe found

void cost_of(const Workload& study, const Calibration& measured, StageCost& cost) {
  const auto n = static_cast<double>(study.images);
  cost.bytes_read = measured.bytes_of(n);
  cost.allreduces = 3;
  cost.allreduce_bytes = kMemoryOfListing / 3 * n;
}

StageMemory memory_of(const Workload& study, const Calibration&, int) {
  return {.needed = kMemoryOfListing * static_cast<double>(study.images), .root_alone = true};
}

const StageEffort kEffort{.cost = cost_of, .memory = memory_of, .disk = [](const Workload& study, const Calibration&) {
                            return 120.0 * static_cast<double>(study.images);
                          }};

}  // namespace

Command scan() {
  using enum OptionType;
  return {.options = OptionList("scan", {option::images,
                                         option::root,
                                         option::path_column,
                                         option::encoding,
                                         option::by_content,
                                         option::max_pixels,
                                         option::max_bytes,
                                         {"duplicates", Role::result, choice, "keep", "",
                                          "files equal byte for byte: keep them all, or leave out all but the first", 0,
                                          kMost, "keep|skip"}}),
          .summary = "lists the images and accounts for each",
          .example = "coterie scan --study demo --images photos/",
          .run = list_and_probe,
          .parallel = true,
          .stage = Stage{.reads = [](const Options&) { return std::vector<Kind>{}; },
                         .makes = Kind::images,
                         .name = [](const Options&, const std::string&) { return std::string("images"); },
                         .revision = 4,
                         .trial = Trial::images,
                         .effort = &kEffort}};
}

}  // namespace coterie::jobs
