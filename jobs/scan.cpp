#include <algorithm>
#include <filesystem>
#include <map>

#include "coterie/base/digest.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/dist/row_partition.hpp"
#include "coterie/images/listing.hpp"
#include "coterie/images/probe.hpp"
#include "image_table.hpp"
#include "job.hpp"

namespace coterie {
namespace {

constexpr int kRevision = 1;
constexpr std::int64_t kProbeBlock = 16;  // images that a rank takes at a time

// What a rank learns of its images, in the form in which it travels.
struct ProbeRecord {
  std::int64_t bytes;
  std::uint64_t content_hash;
  std::int32_t width, height;
  std::int64_t fate, reason_bytes;
};

// The root lists and all others are told, so that the folder is walked once.
ImageList list_together(const Job& job) {
  ImageList list;
  std::string packed;
  job.comm.on_root([&] {
    ListingOptions options;
    options.source = job.options.required("images");
    options.root = job.options.text("root");
    options.path_column = job.options.text("path-column");
    list = list_images(options);
    require(list.size() > 0, "{} holds no image; files of these kinds are taken: jpg, png, bmp, tiff, webp, pgm ...",
            options.source);
    packed = list.root + '\0';
    for (const auto& path : list.paths) packed += path + '\0';
  });
  job.comm.broadcast(packed);
  if (job.comm.is_root()) return list;
  for (std::size_t begin = 0; begin < packed.size();) {
    const std::size_t end = packed.find('\0', begin);
    list.paths.push_back(packed.substr(begin, end - begin));
    begin = end + 1;
  }
  list.root = list.paths.front();
  list.paths.erase(list.paths.begin());
  return list;
}

std::vector<Probe> probe_together(const Job& job, const ImageList& list) {
  DecodeLimits limits;
  limits.max_pixels = job.options.count("max-pixels");
  limits.max_bytes = parse_size(job.options.text("max-bytes"));
  const RowRange mine = RowPartition(list.size(), kProbeBlock, job.comm.size()).rows_of(job.comm.rank());
  std::vector<Probe> probes(static_cast<std::size_t>(mine.size()));
  Progress progress(job.speaks(), "scan", mine.size(), "images");
  for (std::int64_t done = 0; done < mine.size(); done += kProbeBlock * job.pool.threads()) {
    const auto count = std::min<std::int64_t>(kProbeBlock * job.pool.threads(), mine.size() - done);
    job.pool.for_each(count, [&](std::int64_t i, int) {
      const auto number = static_cast<std::size_t>(done + i);
      probes[number] =
          probe_image(image_file(list.root, list.paths[static_cast<std::size_t>(mine.begin) + number]), limits);
    });
    progress.advance(count);
  }
  std::vector<ProbeRecord> records;
  std::string reasons;
  for (const auto& probe : probes) {
    records.push_back({probe.bytes, probe.content_hash, probe.width, probe.height,
                       static_cast<std::int64_t>(probe.fate), static_cast<std::int64_t>(probe.reason.size())});
    reasons += probe.reason;
  }
  const auto all_records = job.comm.gather_all(std::span<const ProbeRecord>(records));
  const auto all_reasons = job.comm.gather_all(std::span<const char>(reasons));
  std::vector<Probe> all;
  std::size_t at = 0;
  for (const auto& record : all_records) {
    Probe probe;
    probe.bytes = record.bytes, probe.content_hash = record.content_hash;
    probe.width = record.width, probe.height = record.height;
    probe.fate = static_cast<Fate>(record.fate);
    probe.reason.assign(all_reasons.data() + at, static_cast<std::size_t>(record.reason_bytes));
    at += static_cast<std::size_t>(record.reason_bytes);
    all.push_back(std::move(probe));
  }
  return all;
}

ImageTable make_table(const ImageList& list, const std::vector<Probe>& probes, bool skip_duplicates) {
  ImageTable table;
  table.root = std::filesystem::absolute(list.root).lexically_normal().string();
  table.paths = list.paths;
  table.columns = list.columns;
  table.values = list.values;
  std::map<std::pair<std::uint64_t, std::int64_t>, std::int64_t> first_of;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const Probe& probe = probes[i];
    table.fates.push_back(probe.fate);
    table.reasons.push_back(probe.reason);
    table.bytes.push_back(probe.bytes);
    table.widths.push_back(probe.width);
    table.heights.push_back(probe.height);
    table.duplicate_of.push_back(-1);
    if (probe.fate != Fate::ok) continue;
    const auto [first, fresh] = first_of.try_emplace({probe.content_hash, probe.bytes}, static_cast<std::int64_t>(i));
    if (fresh) continue;
    table.duplicate_of.back() = first->second;
    if (!skip_duplicates) continue;
    table.fates.back() = Fate::duplicate;
    table.reasons.back() = "the same bytes as " + list.paths[static_cast<std::size_t>(first->second)];
  }
  return table;
}

// Identifies what was listed: paths, sizes and metadata, but no dates, so that a copied collection is the same one.
std::string listing_digest(const ImageList& list, const std::vector<Probe>& probes) {
  Sha256 digest;
  const auto add = [&](const std::string& text) { digest.update(text.c_str(), text.size() + 1); };
  for (std::size_t i = 0; i < list.paths.size(); ++i) {
    add(list.paths[i]);
    add(fmt::format("{} {:016x}", probes[i].bytes, probes[i].content_hash));
  }
  for (std::size_t c = 0; c < list.columns.size(); ++c) {
    add(list.columns[c]);
    for (const auto& value : list.values[c]) add(value);
  }
  return digest.hex();
}

}  // namespace

void scan(Job& job) {
  const ImageList list = list_together(job);
  for (const auto& problem : list.problems) job.say("passed over {}: {}", problem.path, problem.reason);
  if (list.passed_over > 0) job.say("passed over {} files that are no images by their names", list.passed_over);
  const auto probes = probe_together(job, list);
  const bool skip = job.options.text("duplicates") == "skip";
  Recipe recipe("scan", kRevision);
  std::string digest = job.comm.is_root() ? listing_digest(list, probes) : "";
  job.comm.broadcast(digest);
  recipe.set("images listed", fmt::to_string(list.size()));
  for (const char* name : {"max-pixels", "max-bytes", "duplicates"}) recipe.set(name, job.options.text(name));
  recipe.input("listing", digest);
  const std::string path = job.study.images_path();
  if (!job.must_make(path, recipe)) return;
  std::string fates;
  job.comm.on_root([&] {
    const ImageTable table = make_table(list, probes, skip);
    write_image_table(path, recipe, table);
    fates = fates_text(table.fates);
    const auto repeated =
        std::count_if(table.duplicate_of.begin(), table.duplicate_of.end(), [](auto i) { return i >= 0; });
    if (repeated > 0) fates += fmt::format("; {} of them the same bytes as an earlier one", repeated);
  });
  job.say("{}", fates);
  job.made(path);
}

}  // namespace coterie
