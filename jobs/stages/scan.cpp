#include <algorithm>
#include <filesystem>

#include "command/job.hpp"
#include "coterie/base/digest.hpp"
#include "stages/image_table.hpp"
#include "stages/scan_together.hpp"

namespace coterie::jobs {
namespace {

constexpr int kRevision = 1;

// The first image with the same bytes, of those that were read; -1 where there is none before.
std::vector<std::int64_t> first_with_same_bytes(const std::vector<Probe>& probes) {
  std::vector<std::int64_t> first(probes.size(), -1), order;
  for (std::size_t i = 0; i < probes.size(); ++i)
    if (probes[i].fate == Fate::ok) order.push_back(static_cast<std::int64_t>(i));
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

ImageTable make_table(ScannedList scanned, bool skip_duplicates) {
  ImageTable table;
  table.root = std::filesystem::absolute(scanned.list.root).lexically_normal().string();
  table.paths = std::move(scanned.list.paths);
  table.columns = std::move(scanned.list.columns);
  table.values = std::move(scanned.list.values);
  table.shards = std::move(scanned.list.shards);
  table.duplicate_of = first_with_same_bytes(scanned.probes);
  for (std::size_t i = 0; i < scanned.probes.size(); ++i) {
    Probe& probe = scanned.probes[i];
    const bool left_out = skip_duplicates && table.duplicate_of[i] >= 0;
    table.fates.push_back(left_out ? Fate::duplicate : probe.fate);
    table.reasons.push_back(left_out
                                ? "the same bytes as " + table.paths[static_cast<std::size_t>(table.duplicate_of[i])]
                                : std::move(probe.reason));
    table.bytes.push_back(probe.bytes);
    table.hashes.push_back(probe.content_hash);
    table.widths.push_back(probe.width);
    table.heights.push_back(probe.height);
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
  for (const auto& problem : list.problems) job.say("passed over {}: {}", problem.path, problem.reason);
  if (list.passed_over > 0) job.say("passed over {} files that are no images by their names", list.passed_over);
  if (list.shards.empty()) return;
  const auto inside = std::count_if(list.shards.shard.begin(), list.shards.shard.end(), [](auto s) { return s >= 0; });
  job.say("{} images lie in {} tar shards", inside, list.shards.shards.size());
}

}  // namespace

void scan(Job& job) {
  ScannedList scanned = scan_together(job);
  tell_list(job, scanned.list);
  const bool skip = job.options.text("duplicates") == "skip";
  Recipe recipe("scan", kRevision);
  std::string digest = job.comm.is_root() ? listing_digest(scanned.list, scanned.probes) : "";
  job.comm.broadcast(digest);
  std::int64_t images = scanned.list.size();
  job.comm.broadcast(std::span(&images, 1));
  recipe.set("images listed", fmt::to_string(images));
  for (const char* name : {"max-pixels", "max-bytes", "duplicates"}) recipe.set(name, job.options.text(name));
  recipe.input("listing", digest);
  const std::string path = job.study.images_path();
  if (!job.must_make(path, recipe)) return;
  std::string fates;
  job.comm.on_root([&] {
    const ImageTable table = make_table(std::move(scanned), skip);
    write_image_table(path, recipe, table);
    fates = fates_text(table.fates);
    const auto repeated =
        std::count_if(table.duplicate_of.begin(), table.duplicate_of.end(), [](auto i) { return i >= 0; });
    if (repeated > 0) fates += fmt::format("; {} of them the same bytes as an earlier one", repeated);
  });
  job.say("{}", fates);
  job.made(path);
}

}  // namespace coterie::jobs
