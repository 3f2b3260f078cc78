#include "coterie/artifacts/features.hpp"

#include <cmath>
#include <filesystem>
#include <functional>

#include "checked.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/store/store_rows.hpp"

namespace coterie::inline artifacts {
namespace {

constexpr const char* kRows = "features";
constexpr const char* kHash = "content_hash";
constexpr std::int64_t kBlockRows = 1024;

// What an earlier version wrote: the numbers of the images in the list, which has to be the very one.
RowIdentities identities_by_number(const ArtifactReader& artifact, const std::string& images_path, std::int64_t rows) {
  const auto& parents = artifact.recipe().parents();
  const auto made_of = parents.find("images");
  const bool same = made_of != parents.end() && std::filesystem::exists(images_path) &&
                    ArtifactReader(images_path).digest() == made_of->second;
  if (!same)
    throw FileError(artifact.path(),
                    fmt::format("was made by an earlier version of coterie, which noted images by their place in the "
                                "list, and {} is another list now; coterie extract --overwrite makes it anew",
                                images_path));
  const ImageTable table = read_image_places(images_path);
  RowIdentities identities;
  for (const auto number : read_numbers<std::int64_t>(artifact, "image", {rows}, 0, table.size())) {
    const auto i = static_cast<std::size_t>(number);
    identities.paths.push_back(table.paths[i]);
    identities.hashes.push_back(table.hashes.empty() ? 0 : table.hashes[i]);
  }
  return identities;
}

void require_finite(const std::vector<float>& values, std::int64_t first_row, std::int64_t columns,
                    const std::string& file) {
  const auto bad = std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  require(bad == values.end(), "{}: row {} (from zero) holds NaN or infinity; remove it, or repair what made it", file,
          first_row + (bad - values.begin()) / columns);
}

enum class Found { yes, changed, gone };

// For every row the image of its path, and whether that is it.
struct Lookup {
  std::vector<std::int64_t> images;
  std::vector<Found> found;
  std::vector<std::int64_t> without;
};

Lookup look_up(const RowIdentities& rows, const ImageTable& table) {
  const PathNumbers numbers = numbers_by_path(table);
  Lookup result;
  std::vector<bool> stood_for(table.paths.size());
  for (std::size_t row = 0; row < rows.paths.size(); ++row) {
    const auto number = numbers.find(rows.paths[row]);
    result.images.push_back(-1);
    result.found.push_back(number == numbers.end() ? Found::gone : Found::changed);
    if (number == numbers.end()) continue;
    const auto i = static_cast<std::size_t>(number->second);
    const std::uint64_t then = rows.hashes[row], now = table.hashes.empty() ? 0 : table.hashes[i];
    if (table.statuses[i] != ImageStatus::ok || (then != 0 && now != 0 && then != now)) continue;
    result.images.back() = number->second;
    result.found.back() = Found::yes;
    stood_for[i] = true;
  }
  for (const auto number : usable_images(table))
    if (!stood_for[static_cast<std::size_t>(number)]) result.without.push_back(number);
  return result;
}

// Of those rows that `keep` names, ascending.
RowMatch match_of(Lookup lookup, const std::vector<std::int64_t>& keep) {
  RowMatch match;
  match.without = std::move(lookup.without);
  for (const auto row : keep) {
    const auto i = static_cast<std::size_t>(row);
    match.images.push_back(lookup.images[i]);
    match.gone += lookup.found[i] == Found::gone;
    match.changed += lookup.found[i] == Found::changed;
  }
  return match;
}

}  // namespace

FeatureReader::FeatureReader(const Study& study, std::string name)
    : name_(std::move(name)), images_path_(study.images_path()), artifact_(study.open(Kind::features, name_)) {
  const Shape shape = checked_shape(artifact_, kRows, "float32", {kAny, kAny});
  columns_ = shape[1];
  const auto statuses = read_values<std::uint8_t>(artifact_, "status", {shape[0]});
  for (std::size_t row = 0; row < statuses.size(); ++row) {
    statuses_.push_back(static_cast<ImageStatus>(statuses[row]));
    if (statuses_.back() == ImageStatus::ok) good_.push_back(static_cast<std::int64_t>(row));
  }
}

RowIdentities FeatureReader::identities() const {
  const std::int64_t rows = std::ssize(statuses_);
  if (artifact_.has("path"))
    return {read_texts(artifact_, "path", rows), read_values<std::uint64_t>(artifact_, kHash, {rows})};
  if (imported()) return {read_texts(artifact_, "name", rows), std::vector<std::uint64_t>(statuses_.size(), 0)};
  return identities_by_number(artifact_, images_path_, rows);
}

bool FeatureReader::imported() const { return artifact_.has("columns"); }

void FeatureReader::read_metadata(std::vector<std::string>& columns,
                                  std::vector<std::vector<std::string>>& values) const {
  read_columns(artifact_, std::ssize(statuses_), columns, values);
}

std::unique_ptr<RowSource> FeatureReader::open_rows() const {
  return std::make_unique<StoreRows>(artifact_, kRows, good_);
}

namespace {

// All but the texts and what an import adds; `check` sees each block before it is written.
void write_rows_of(ArtifactWriter& writer, const RowSource& rows, const std::vector<std::uint8_t>& statuses,
                   const std::function<void(std::int64_t first, const std::vector<float>&)>& check) {
  const std::int64_t n = rows.rows(), d = rows.columns();
  writer.create<float>(kRows, {n, d});
  std::vector<float> block;
  for (std::int64_t begin = 0; begin < n; begin += kBlockRows) {
    const RowRange range{begin, std::min(begin + kBlockRows, n)};
    block.resize(static_cast<std::size_t>(range.size() * d));
    rows.read(range, block.data());
    check(begin, block);
    writer.write_rows<float>(kRows, begin, block);
  }
  writer.put<std::uint8_t>("status", {n}, statuses);
}

void write_identities(ArtifactWriter& writer, const RowIdentities& identities) {
  writer.put_texts("path", identities.paths);
  writer.put<std::uint64_t>(kHash, {std::ssize(identities.hashes)}, identities.hashes);
}

}  // namespace

void write_imported(const std::string& path, const Recipe& recipe, const std::string& file, const RowSource& rows,
                    const ImportedRows& imported) {
  ArtifactWriter writer(path, recipe, Communicator::self());
  write_rows_of(writer, rows, std::vector<std::uint8_t>(static_cast<std::size_t>(rows.rows()), 0),
                [&](std::int64_t first, const auto& block) { require_finite(block, first, rows.columns(), file); });
  write_identities(writer, imported.identities);
  write_columns(writer, imported.columns, imported.values);
  writer.finish();
}

void write_computed(const std::string& path, const Recipe& recipe, const RowSource& rows,
                    const RowIdentities& identities, const std::vector<ImageStatus>& statuses) {
  std::vector<std::uint8_t> numbers;
  for (const auto status : statuses) numbers.push_back(static_cast<std::uint8_t>(status));
  ArtifactWriter writer(path, recipe, Communicator::self());
  write_rows_of(writer, rows, numbers, [](std::int64_t, const auto&) {});
  write_identities(writer, identities);
  writer.finish();
}

RowMatch match_rows(const RowIdentities& rows, const ImageTable& table) {
  std::vector<std::int64_t> all;
  for (std::int64_t row = 0; row < std::ssize(rows.paths); ++row) all.push_back(row);
  return match_of(look_up(rows, table), all);
}

RowMatch match_rows(const FeatureReader& features, const ImageTable& table) {
  return match_of(look_up(features.identities(), table), features.good());
}

std::vector<ImageStatus> final_statuses(const ImageTable& table, const FeatureReader& features) {
  return final_statuses(table, features.identities(), features.statuses());
}

std::vector<ImageStatus> final_statuses(const ImageTable& table, const RowIdentities& rows,
                                        const std::vector<ImageStatus>& statuses) {
  std::vector<ImageStatus> final = table.statuses;
  const Lookup lookup = look_up(rows, table);
  for (std::size_t row = 0; row < lookup.images.size(); ++row)
    if (lookup.images[row] >= 0 && statuses[row] != ImageStatus::ok)
      final[static_cast<std::size_t>(lookup.images[row])] = statuses[row];
  for (const auto number : lookup.without) final[static_cast<std::size_t>(number)] = ImageStatus::pending;
  return final;
}

}  // namespace coterie::inline artifacts
