#include "coterie/artifacts/images.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "checked.hpp"
#include "coterie/base/counted.hpp"
#include "coterie/base/digest.hpp"
#include "coterie/base/errors.hpp"
#include "image_shards.hpp"

namespace coterie::inline artifacts {
namespace {

constexpr const char* kUsable = "usable";

std::vector<std::uint8_t> numbers_of(const std::vector<ImageStatus>& statuses) {
  std::vector<std::uint8_t> numbers;
  for (const auto status : statuses) numbers.push_back(static_cast<std::uint8_t>(status));
  return numbers;
}

std::vector<ImageStatus> read_statuses(const ArtifactReader& artifact, std::int64_t images) {
  std::vector<ImageStatus> statuses;
  for (const auto number : read_values<std::uint8_t>(artifact, "status", {images})) {
    const auto status = static_cast<ImageStatus>(number);
    if (std::find(kImageStatuses.begin(), kImageStatuses.end(), status) == kImageStatuses.end())
      refuse(artifact, "status", fmt::format("holds {}, which is no status of an image: damaged", number));
    statuses.push_back(status);
  }
  return statuses;
}

// What the digest of the usable images wants.
void read_bytes(const ArtifactReader& artifact, ImageTable& table) {
  table.paths = read_texts(artifact, "path", kAny);
  table.statuses = read_statuses(artifact, table.size());
  table.bytes = read_values<std::int64_t>(artifact, "bytes", {table.size()});
  if (artifact.has("content_hash")) table.hashes = read_values<std::uint64_t>(artifact, "content_hash", {table.size()});
}

}  // namespace

void write_image_table(const std::string& path, const Recipe& recipe, const ImageTable& table) {
  ArtifactWriter writer(path, recipe, Communicator::self());
  const Shape shape = {table.size()};
  writer.attribute("root", table.root);
  writer.attribute(kUsable, usable_digest(table));
  writer.put_texts("path", table.paths);
  writer.put<std::uint8_t>("status", shape, numbers_of(table.statuses));
  writer.put_texts("reason", table.reasons);
  writer.put<std::int64_t>("duplicate_of", shape, table.duplicate_of);
  writer.put<std::int64_t>("bytes", shape, table.bytes);
  writer.put<std::uint64_t>("content_hash", shape, table.hashes);
  writer.put<std::int32_t>("width", shape, table.widths);
  writer.put<std::int32_t>("height", shape, table.heights);
  writer.put<std::int32_t>("pages", shape, table.pages);
  writer.put<std::uint8_t>("bits", shape, table.bits);
  writer.put<std::uint8_t>("used_bits", shape, table.used_bits);
  writer.put<std::int32_t>("remarks", shape, table.remarks);
  writer.put_texts("note", table.notes);
  if (!table.shards.empty()) write_shards(writer, table.shards);
  write_columns(writer, table.columns, table.values);
  writer.finish();
}

ImageTable read_image_places(const std::string& path) {
  require(std::filesystem::exists(path), "{} is not there: run coterie scan first", path);
  const ArtifactReader artifact(path);
  ImageTable table;
  table.root = artifact.attribute("root");
  read_bytes(artifact, table);
  table.shards = read_shards(artifact, table.bytes);
  return table;
}

ImageTable read_image_table(const std::string& path) {
  ImageTable table = read_image_places(path);
  const ArtifactReader artifact(path);
  const std::int64_t images = table.size();
  table.reasons = read_texts(artifact, "reason", images);
  table.duplicate_of = read_numbers<std::int64_t>(artifact, "duplicate_of", {images}, -1, images);
  table.widths = read_values<std::int32_t>(artifact, "width", {images});
  table.heights = read_values<std::int32_t>(artifact, "height", {images});
  if (artifact.has("remarks")) {
    table.pages = read_values<std::int32_t>(artifact, "pages", {images});
    table.bits = read_values<std::uint8_t>(artifact, "bits", {images});
    table.used_bits = read_values<std::uint8_t>(artifact, "used_bits", {images});
    table.remarks = read_values<std::int32_t>(artifact, "remarks", {images});
    table.notes = read_texts(artifact, "note", images);
  }
  read_columns(artifact, images, table.columns, table.values);
  return table;
}

ImagePlace place_of(const ImageTable& table, std::int64_t number) {
  const auto image = static_cast<std::size_t>(number);
  ImagePlace place = place_of(table.shards, table.root, table.paths.at(image), number);
  if (!table.hashes.empty()) place.seen = SeenBytes{table.bytes[image], table.hashes[image]};
  return place;
}

std::vector<std::int64_t> usable_images(const ImageTable& table) {
  std::vector<std::int64_t> usable;
  for (std::int64_t i = 0; i < table.size(); ++i)
    if (table.statuses[static_cast<std::size_t>(i)] == ImageStatus::ok) usable.push_back(i);
  return usable;
}

PathNumbers numbers_by_path(const ImageTable& table) {
  PathNumbers numbers;
  for (std::int64_t i = 0; i < table.size(); ++i) numbers.emplace(table.paths[static_cast<std::size_t>(i)], i);
  return numbers;
}

std::string usable_digest(const ImageTable& table) {
  Sha256 digest;
  const auto add = [&](const std::string& text) { digest.update(text.c_str(), text.size() + 1); };
  for (const auto number : usable_images(table)) {
    const auto i = static_cast<std::size_t>(number);
    add(table.paths[i]);
    add(fmt::format("{} {:016x}", table.bytes[i], table.hashes.empty() ? 0 : table.hashes[i]));
  }
  return digest.hex();
}

std::string usable_digest(const ArtifactReader& images) {
  if (images.has_attribute(kUsable)) return images.attribute(kUsable);
  ImageTable table;
  read_bytes(images, table);
  return usable_digest(table);
}

std::vector<RemarkCount> count_remarks(const ImageTable& table) {
  std::vector<RemarkCount> counts;
  for (const auto remark : kRemarks) {
    RemarkCount count{remark};
    for (std::size_t i = 0; i < table.remarks.size(); ++i) {
      if (table.statuses[i] != ImageStatus::ok || (table.remarks[i] & static_cast<std::int32_t>(remark)) == 0) continue;
      if (count.images++ == 0) count.first = static_cast<std::int64_t>(i);
    }
    if (count.images > 0) counts.push_back(count);
  }
  return counts;
}

std::string remark_text(const ImageTable& table, const RemarkCount& count) {
  const auto first = static_cast<std::size_t>(count.first);
  return fmt::format("{} with {}: {} ({}). {}", counted(count.images, "image"), remark_name(count.remark),
                     table.paths[first], table.notes[first], remark_explanation(count.remark));
}

std::vector<StatusReason> reasons_of(const std::vector<std::string>& paths, const std::vector<ImageStatus>& statuses,
                                     const std::vector<std::string>& reasons) {
  constexpr std::size_t kMostReasons = 3;  // of a status
  std::map<ImageStatus, std::map<std::string, StatusReason>> all;
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    if (statuses[i] == ImageStatus::ok) continue;
    // Of which image it is a duplicate differs from one to the next.
    const std::string reason = reasons.empty() || statuses[i] == ImageStatus::duplicate ? "" : reasons[i];
    StatusReason& group =
        all[statuses[i]].try_emplace(reason, StatusReason{statuses[i], reason, 0, paths[i]}).first->second;
    ++group.images;
  }
  std::vector<StatusReason> groups;
  for (const auto& [status, found] : all) {
    std::vector<StatusReason> own;
    for (const auto& [reason, group] : found) own.push_back(group);
    std::stable_sort(own.begin(), own.end(), [](const auto& a, const auto& b) { return a.images > b.images; });
    if (own.size() > kMostReasons + 1) {
      own[kMostReasons].reason.clear();
      for (std::size_t i = kMostReasons + 1; i < own.size(); ++i) own[kMostReasons].images += own[i].images;
      own.resize(kMostReasons + 1);
    }
    groups.insert(groups.end(), own.begin(), own.end());
  }
  return groups;
}

std::string reason_text(const StatusReason& group) {
  return fmt::format("{} {}{}: {}{}", group.images, status_name(group.status),
                     group.reason.empty() ? "" : fmt::format(" ({})", group.reason), group.example,
                     group.images > 1 ? ", ..." : "");
}

std::string statuses_text(const std::vector<ImageStatus>& statuses) {
  std::map<ImageStatus, std::int64_t> counts;
  for (const auto status : statuses) ++counts[status];
  std::string text;
  for (const auto& [status, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, status_name(status));
  return fmt::format("{} listed: {}", counted(std::ssize(statuses), "image"), text.empty() ? "none" : text);
}

}  // namespace coterie::inline artifacts
