#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <unordered_map>

#include "coterie/base/errors.hpp"
#include "coterie/base/text_encoding.hpp"
#include "coterie/images/listing.hpp"
#include "decode/header.hpp"
#include "shards/index.hpp"

namespace coterie::inline images {

namespace {

constexpr std::int64_t kMostSidecar = std::int64_t{1} << 20;  // bytes
constexpr std::size_t kMostColumns = 1000;                    // of one shard: a json may hold any number of names

using Kind = TarMember::Kind;
using Fields = std::map<std::string, std::string>;  // column -> value

/// What a sidecar gives its key. Those of files precede those of the json.
struct Sidecars {
  Fields from_json, from_files;
};

/// Where the last part of a name begins.
std::size_t last_part(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == name.npos ? 0 : slash + 1;
}

struct KeyAndSuffix {
  std::string key, suffix;
};

/// Of a sidecar: up to the last dot of its last part, and what follows it, in small letters.
KeyAndSuffix split_key(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == name.npos || dot < last_part(name)) return {name, ""};
  std::string suffix = name.substr(dot + 1);
  std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return {name.substr(0, dot), suffix};
}

/// Of an image, the longest first: "a/b.c.d" of "a/b.c.d.jpg", "a/b.c", and "a/b", which is WebDataset's; and all of
/// its name, which has no suffix where it was taken by its content.
std::vector<std::string> keys_of(const std::string& name) {
  std::vector<std::string> keys = {name};
  for (std::size_t dot = name.rfind('.'); dot != name.npos && dot > last_part(name); dot = name.rfind('.', dot - 1))
    keys.push_back(name.substr(0, dot));
  return keys;
}

/// A part that begins with a dot, but for "." and "..": AppleDouble's "._x.jpg", for one.
bool is_hidden(const std::string& name) {
  for (std::size_t begin = 0; begin < name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string part = name.substr(begin, end - begin);
    if (part.starts_with('.') && part != "." && part != "..") return true;
    begin = end + 1;
  }
  return false;
}

std::string why_refused(const TarMember& member) {
  switch (member.kind) {
    case Kind::hard_link:
      return "a hard link; write the archive with --hard-dereference";
    case Kind::symbolic_link:
      return "a symbolic link; write the archive with --dereference";
    case Kind::device:
      return "a device or a pipe";
    case Kind::sparse:
      return "a sparse member; write the archive without --sparse";
    default:
      return fmt::format("a member of the unknown type {}", static_cast<int>(member.type));
  }
}

std::string as_text(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? "" : value.dump();
}

/// The scalars at the top of a json object. Throws std::string, why it cannot be used.
Fields read_json(const std::vector<std::uint8_t>& bytes) {
  // A callback keeps what is nested from being built, so that no depth can exhaust the stack.
  const auto scalars = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) { return depth <= 1; };
  const auto object = nlohmann::json::parse(bytes.begin(), bytes.end(), scalars, false);
  if (object.is_discarded()) throw std::string("its json does not parse; it gives no columns");
  if (!object.is_object()) throw std::string("its json is no object; it gives no columns");
  Fields fields;
  for (const auto& [name, value] : object.items())
    if (!value.is_structured() && !value.is_discarded() && !name.empty()) fields[name] = as_text(value);
  return fields;
}

/// Throws FileError as unmarked_text.
std::string read_text(const std::vector<std::uint8_t>& bytes, const std::string& name) {
  std::string text = unmarked_text({bytes.begin(), bytes.end()}, name);
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

class Index {
 public:
  Index(ShardContents& contents, bool by_content) : contents_(contents), by_content_(by_content) {}

  void take(TarReader& reader, const TarMember& member) {
    if (member.kind == Kind::folder) return;
    if (member.name.find('\0') != member.name.npos)
      return problem(member.name.substr(0, member.name.find('\0')), "its name holds a NUL");
    if (is_hidden(member.name)) {
      ++contents_.passed_over;
    } else if (member.kind != Kind::file) {
      problem(member.name, why_refused(member));
    } else if (has_image_suffix(member.name)) {
      pending_ = {member.name, member.offset, member.bytes};
    } else {
      take_other(reader, member);
    }
  }

  /// The image that was taken last is whole; else it is dropped.
  void settle(bool whole) {
    if (pending_ && whole) {
      const auto [place, fresh] = numbers_.try_emplace(pending_->name, contents_.images.size());
      if (fresh) {
        contents_.images.push_back(std::move(*pending_));
      } else {
        problem(pending_->name, "occurs again; the later one counts");
        contents_.images[place->second] = std::move(*pending_);
      }
    }
    pending_.reset();
  }

  void problem(const std::string& name, const std::string& reason) { contents_.problems.push_back({name, reason}); }

  /// Gives each image the fields of its keys.
  void join() {
    std::set<std::string> names;
    std::vector<std::vector<const Fields*>> fields;  // of each image, those that precede first
    for (const auto& image : contents_.images) {
      fields.push_back(fields_of(image));
      for (const Fields* some : fields.back())
        for (const auto& [name, value] : *some) names.insert(name);
    }
    if (names.size() > kMostColumns) {
      problem("", fmt::format("its sidecars hold {} columns; the first {} are kept", names.size(), kMostColumns));
      names.erase(std::next(names.begin(), kMostColumns), names.end());
    }
    contents_.columns.assign(names.begin(), names.end());
    for (const auto& name : contents_.columns) {
      auto& values = contents_.values.emplace_back();
      for (const auto& some : fields) {
        const auto first =
            std::find_if(some.begin(), some.end(), [&](const Fields* each) { return each->contains(name); });
        values.push_back(first == some.end() ? "" : (*first)->at(name));
      }
    }
  }

 private:
  void take_other(TarReader& reader, const TarMember& member) {
    const auto [key, suffix] = split_key(member.name);
    if (suffix != "json" && suffix != "txt" && suffix != "cls") {
      if (by_content_ && is_image_format(reader.head(kSignatureBytes)))
        pending_ = {member.name, member.offset, member.bytes};
      else
        ++contents_.passed_over;
    } else if (member.bytes > kMostSidecar) {
      problem(member.name, fmt::format("{} bytes are too many for a sidecar; it gives no columns", member.bytes));
    } else {
      take_sidecar(reader.data(), member.name, key, suffix);
    }
  }

  void take_sidecar(const std::vector<std::uint8_t>& bytes, const std::string& name, const std::string& key,
                    const std::string& suffix) {
    Fields fields;
    try {
      fields = suffix == "json" ? read_json(bytes) : Fields{{suffix, read_text(bytes, name)}};
    } catch (const std::string& reason) {
      return problem(name, reason);
    } catch (const FileError& error) {
      return problem(name, std::string(error.what()).substr(name.size() + 2));
    }
    for (auto& [column, value] : fields) {
      if (column.find('\0') != column.npos || value.find('\0') != value.npos) {
        problem(name, "holds a NUL; that value is left out");
      } else if (suffix == "json") {
        sidecars_[key].from_json[column] = value;
      } else {
        sidecars_[key].from_files[column] = value;
      }
    }
  }

  std::vector<const Fields*> fields_of(const ShardContents::Image& image) const {
    std::vector<const Fields*> fields;
    for (const auto& key : keys_of(image.name))
      if (const auto found = sidecars_.find(key); found != sidecars_.end())
        fields.insert(fields.end(), {&found->second.from_files, &found->second.from_json});
    return fields;
  }

  ShardContents& contents_;
  const bool by_content_;
  std::optional<ShardContents::Image> pending_;
  std::unordered_map<std::string, std::size_t> numbers_;  // of the images, by name
  std::unordered_map<std::string, Sidecars> sidecars_;    // by key
};

}  // namespace

void index_members(TarInput& input, bool by_content, ShardContents& contents) {
  TarReader reader(input);
  Index index(contents, by_content);
  try {
    while (const auto member = reader.next()) {
      index.settle(true);  // next() has passed all its data
      index.take(reader, *member);
    }
    index.settle(true);
  } catch (const TarDamage& damage) {
    index.settle(!damage.in_data);
    index.problem(damage.name, damage.reason);
  }
  index.join();
}

}  // namespace coterie::inline images
