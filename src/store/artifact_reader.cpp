#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "coterie/base/array_bytes.hpp"
#include "coterie/base/digest.hpp"
#include "coterie/store/artifact.hpp"
#include "coterie/store/raw_file.hpp"
#include "parallel_file.hpp"

namespace coterie::inline store {
namespace {

herr_t collect_link(hid_t, const char* name, const H5L_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

DatasetPlace place_of(hid_t dataset, const std::string& path) {
  DatasetPlace place;
  place.bytes = static_cast<std::int64_t>(H5Dget_storage_size(dataset));
  const haddr_t offset = H5Dget_offset(dataset);
  if (place.bytes > 0 && offset == HADDR_UNDEF)
    throw FileError(path, "holds a dataset that is not contiguous; coterie did not write it");
  place.offset = place.bytes > 0 ? static_cast<std::int64_t>(offset) : 0;
  return place;
}

bool is_text(hid_t dataset) { return H5Tis_variable_str(h5::Id(H5Dget_type(dataset))) > 0; }

std::vector<std::string> read_texts(hid_t dataset, const std::string& path) {
  const auto count = static_cast<std::size_t>(h5::elements_of(dataset, path));
  std::vector<char*> pointers(count, nullptr);
  if (count == 0) return {};
  h5::check(H5Dread(dataset, h5::string_type(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()), "H5Dread", path);
  std::vector<std::string> texts;
  for (const char* text : pointers) texts.emplace_back(text == nullptr ? "" : text);
  const h5::Id space(H5Dget_space(dataset));
  H5Dvlen_reclaim(h5::string_type(), space, H5P_DEFAULT, pointers.data());
  return texts;
}

// Of the raw bytes as they lie in the file; of texts, each followed by a NUL.
std::string checksum(hid_t dataset, const RawFile& file, const std::string& path) {
  Hash64 hash;
  if (is_text(dataset)) {
    for (const auto& text : read_texts(dataset, path)) hash.update(text.c_str(), text.size() + 1);
  } else {
    const DatasetPlace place = place_of(dataset, path);
    std::vector<char> buffer(static_cast<std::size_t>(std::min<std::int64_t>(place.bytes, 8 << 20)));
    for (std::int64_t done = 0; done < place.bytes;) {
      const auto piece = std::min<std::int64_t>(place.bytes - done, static_cast<std::int64_t>(buffer.size()));
      file.read(buffer.data(), piece, place.offset + done);
      hash.update(buffer.data(), static_cast<std::size_t>(piece));
      done += piece;
    }
  }
  return fmt::format("{:016x}", hash.value());
}

// Reads, and where that fails adds the way out. Whatever is thrown: a damaged length asks for any amount of memory.
template <typename Read>
auto guarded(const std::string& path, const std::string& maker, const Read& read) {
  try {
    return read();
  } catch (const std::exception& error) {
    if (access(path.c_str(), R_OK) != 0 && errno != ENOENT) throw;
    std::string fault = error.what();
    if (fault.starts_with(path + ": ")) fault.erase(0, path.size() + 2);
    throw FileError(path, fmt::format("{}; {} --overwrite makes it anew", fault,
                                      maker.empty() ? "the command that made it," : maker));
  }
}

// SHA-256 over the names and checksums of all datasets, and in a sealed file over its attributes. The recipe is none of
// them: the same content made by another version is the same generation.
std::string content_digest(hid_t file, const std::string& path) {
  std::string text;
  for (const auto& name : h5::dataset_names(file, path)) {
    const h5::Id dataset = h5::open_dataset(file, name, path);
    text += name + " " + h5::read_text_attribute(dataset, h5::kChecksum, path) + "\n";
  }
  if (!h5::has_attribute(file, h5::kSeal)) return sha256(text);  // of a version that sealed none
  for (const auto& name : h5::attribute_names(file, path))
    if (name != h5::kRecipe && name != h5::kSeal)
      text += "@" + name + " " + h5::read_text_attribute(file, name.c_str(), path) + "\n";
  return sha256(text);
}

}  // namespace

void seal_artifact(const std::string& path, const Recipe& recipe) {
  h5::Id file = h5::open_file(path, true);
  const RawFile raw(path);
  for (const auto& name : h5::dataset_names(file, path)) {
    const h5::Id dataset = h5::open_dataset(file, name, path);
    h5::write_text_attribute(dataset, h5::kChecksum, checksum(dataset, raw, path), path);
  }
  h5::write_text_attribute(file, h5::kRecipe, recipe.text(), path);
  h5::write_text_attribute(file, h5::kSeal, std::string(64, '0'), path);  // so that the digest counts attributes
  h5::write_text_attribute(file, h5::kSeal, content_digest(file, path), path);
  h5::check(H5Fflush(file, H5F_SCOPE_GLOBAL), "H5Fflush", path);
  h5::check(H5Fclose(file.release()), "H5Fclose", path);
  raw.sync();
}

struct ArtifactReader::State {
  std::string path, maker;
  h5::Id file;
  Recipe recipe;

  /// The dataset, once its bytes were found to match its checksum.
  h5::Id open_sound(const std::string& name) const;
};

h5::Id ArtifactReader::State::open_sound(const std::string& name) const {
  h5::Id dataset = h5::open_dataset(file, name, path);
  if (checksum(dataset, RawFile(path), path) != h5::read_text_attribute(dataset, h5::kChecksum, path))
    throw FileError(path, fmt::format("dataset \"{}\" does not match its checksum: edited, or damaged", name));
  return dataset;
}

ArtifactReader::ArtifactReader(const std::string& path, std::string maker)
    : state_(new State{path, std::move(maker), {}, {}}) {
  guarded(path, state_->maker, [&] {
    state_->file = h5::open_file(path, false);
    if (!h5::has_attribute(state_->file, h5::kRecipe))
      throw FileError(path, "carries no recipe: it is no finished artifact of coterie");
    state_->recipe = Recipe::parse(h5::read_text_attribute(state_->file, h5::kRecipe, path));
    if (state_->maker.empty()) state_->maker = "coterie " + state_->recipe.stage();
  });
}
ArtifactReader::~ArtifactReader() = default;
ArtifactReader::ArtifactReader(ArtifactReader&&) noexcept = default;

const std::string& ArtifactReader::path() const { return state_->path; }
const Recipe& ArtifactReader::recipe() const { return state_->recipe; }
const std::string& ArtifactReader::maker() const { return state_->maker; }

std::string ArtifactReader::digest() const {
  return guarded(state_->path, state_->maker, [&] {
    std::string found = content_digest(state_->file, state_->path);
    if (h5::has_attribute(state_->file, h5::kSeal) &&
        h5::read_text_attribute(state_->file, h5::kSeal, state_->path) != found)
      throw FileError(state_->path,
                      "its attributes or datasets are not those that it was sealed with: edited, or damaged");
    return found;
  });
}

bool ArtifactReader::has(const std::string& name) const { return h5::holds(state_->file, name); }

std::string ArtifactReader::type(const std::string& name) const {
  return guarded(state_->path, state_->maker,
                 [&] { return h5::type_name(h5::open_dataset(state_->file, name, state_->path)); });
}

void ArtifactReader::require_sound(const std::string& name) const {
  guarded(state_->path, state_->maker, [&] { state_->open_sound(name); });
}

std::vector<std::int64_t> ArtifactReader::shape(const std::string& name) const {
  return guarded(state_->path, state_->maker,
                 [&] { return h5::shape_of(h5::open_dataset(state_->file, name, state_->path), state_->path); });
}

std::vector<std::string> ArtifactReader::children(const std::string& group) const {
  std::vector<std::string> names;
  if (!has(group)) return names;
  const h5::Id id(h5::check(H5Gopen2(state_->file, group.c_str(), H5P_DEFAULT), "H5Gopen2", state_->path));
  hsize_t at = 0;
  h5::check(H5Literate(id, H5_INDEX_NAME, H5_ITER_INC, &at, collect_link, &names), "H5Literate", state_->path);
  return names;
}

std::vector<std::string> ArtifactReader::datasets() const {
  return guarded(state_->path, state_->maker, [&] { return h5::dataset_names(state_->file, state_->path); });
}

template <typename T>
std::vector<T> ArtifactReader::read(const std::string& name) const {
  return guarded(state_->path, state_->maker, [&] {
    const h5::Id dataset = state_->open_sound(name);
    if (H5Tequal(h5::Id(H5Dget_type(dataset)), h5::type_of<T>()) <= 0)
      throw FileError(state_->path, fmt::format("dataset \"{}\" holds {}, not what coterie writes there", name,
                                                h5::type_name(dataset)));
    const std::int64_t elements = h5::elements_of(dataset, state_->path);
    std::vector<T> values(static_cast<std::size_t>(elements));
    if (elements > 0)
      h5::check(H5Dread(dataset, h5::type_of<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "H5Dread",
                state_->path);
    return values;
  });
}

std::vector<std::string> ArtifactReader::texts(const std::string& name) const {
  return guarded(state_->path, state_->maker, [&] { return read_texts(state_->open_sound(name), state_->path); });
}

std::string ArtifactReader::attribute(const std::string& name) const {
  return guarded(state_->path, state_->maker,
                 [&] { return h5::read_text_attribute(state_->file, name.c_str(), state_->path); });
}

bool ArtifactReader::has_attribute(const std::string& name) const {
  return h5::has_attribute(state_->file, name.c_str());
}

DatasetPlace ArtifactReader::place(const std::string& name) const {
  return guarded(state_->path, state_->maker, [&] {
    const h5::Id dataset = h5::open_dataset(state_->file, name, state_->path);
    const DatasetPlace place = place_of(dataset, state_->path);
    const auto shape = h5::shape_of(dataset, state_->path);
    const auto wanted = array_bytes(shape, static_cast<std::int64_t>(H5Tget_size(h5::Id(H5Dget_type(dataset)))));
    if (wanted != place.bytes)
      throw FileError(state_->path,
                      fmt::format("its dataset \"{}\" ({}) has {} bytes where {} are wanted: damaged", name,
                                  fmt::join(shape, " × "), place.bytes, wanted.value_or(INT64_MAX)));
    return place;
  });
}

std::vector<std::string> ArtifactReader::damaged() const {
  std::vector<std::string> names = h5::link_names(state_->file, state_->path);  // no artifact has any
  const RawFile raw(state_->path);
  for (const auto& name : datasets()) {
    try {
      const h5::Id dataset = h5::open_dataset(state_->file, name, state_->path);
      const std::string expected = h5::read_text_attribute(dataset, h5::kChecksum, state_->path);
      if (checksum(dataset, raw, state_->path) != expected) names.push_back(name);
    } catch (const Error&) {
      names.push_back(name);  // cannot even be read
    }
  }
  try {
    if (names.empty()) digest();
  } catch (const Error&) {
    names.emplace_back("attributes");
  }
  return names;
}

template std::vector<float> ArtifactReader::read<float>(const std::string&) const;
template std::vector<double> ArtifactReader::read<double>(const std::string&) const;
template std::vector<std::int32_t> ArtifactReader::read<std::int32_t>(const std::string&) const;
template std::vector<std::int64_t> ArtifactReader::read<std::int64_t>(const std::string&) const;
template std::vector<std::uint8_t> ArtifactReader::read<std::uint8_t>(const std::string&) const;
template std::vector<std::uint64_t> ArtifactReader::read<std::uint64_t>(const std::string&) const;

}  // namespace coterie::inline store
