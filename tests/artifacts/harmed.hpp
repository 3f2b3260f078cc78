#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/store/artifact.hpp"

namespace coterie {

/// What is done to one dataset of an otherwise sound artifact.
enum class Harm {
  type,     ///< another kind of number, or numbers where texts were
  length,   ///< one row more
  missing,  ///< left out
};

/// A sound artifact: its path, its attributes, and what reads all of it.
struct Sound {
  std::string path;
  std::vector<std::string> attributes;
  std::function<void()> read;
  std::set<std::string> optional = {};   ///< datasets without which it is sound, too
  std::set<std::string> unchecked = {};  ///< whose length nothing else fixes, or that nothing reads
};

/// Writes one dataset in place of the one that an artifact has.
using Exchange = std::function<void(const ArtifactReader& from, ArtifactWriter& to)>;

inline void copy_dataset(const ArtifactReader& from, ArtifactWriter& to, const std::string& name) {
  const std::string type = from.type(name);
  const auto shape = from.shape(name);
  if (type == "text") return to.put_texts(name, from.texts(name));
  if (type == "float32") return to.put<float>(name, shape, from.read<float>(name));
  if (type == "float64") return to.put<double>(name, shape, from.read<double>(name));
  if (type == "int32") return to.put<std::int32_t>(name, shape, from.read<std::int32_t>(name));
  if (type == "int64") return to.put<std::int64_t>(name, shape, from.read<std::int64_t>(name));
  if (type == "uint8") return to.put<std::uint8_t>(name, shape, from.read<std::uint8_t>(name));
  REQUIRE(type == "uint64");
  to.put<std::uint64_t>(name, shape, from.read<std::uint64_t>(name));
}

/// Makes the artifact again with one dataset exchanged. One rank.
inline void write_with(const Sound& sound, const std::string& exchanged, const Exchange& exchange) {
  const ArtifactReader from(sound.path);
  ArtifactWriter to(sound.path, from.recipe(), Communicator::self());
  for (const auto& name : sound.attributes) to.attribute(name, from.attribute(name));
  for (const auto& name : from.datasets())
    if (name == exchanged)
      exchange(from, to);
    else
      copy_dataset(from, to, name);
  to.finish();
}

template <typename T>
void write_with(const Sound& sound, const std::string& name, const std::vector<T>& values) {
  write_with(sound, name,
             [&](const ArtifactReader& from, ArtifactWriter& to) { to.put<T>(name, from.shape(name), values); });
}

/// Numbers are all zero: no reader comes to look at them.
inline void write_harmed(const Sound& sound, const std::string& name, Harm harm) {
  write_with(sound, name, [&](const ArtifactReader& from, ArtifactWriter& to) {
    if (harm == Harm::missing) return;
    const std::string type = from.type(name);
    auto shape = from.shape(name);
    shape[0] += harm == Harm::length ? 1 : 0;
    std::size_t count = 1;
    for (const auto length : shape) count *= static_cast<std::size_t>(length);
    const auto put = [&](const std::string& wanted, auto zero) {
      if (type == wanted) to.put<decltype(zero)>(name, shape, std::vector<decltype(zero)>(count, zero));
    };
    if (harm == Harm::type && type == "int32") return to.put<float>(name, shape, std::vector<float>(count));
    if (harm == Harm::type) return to.put<std::int32_t>(name, shape, std::vector<std::int32_t>(count));
    if (type == "text") return to.put_texts(name, std::vector<std::string>(count));
    put("float32", float{});
    put("float64", double{});
    put("int32", std::int32_t{});
    put("int64", std::int64_t{});
    put("uint8", std::uint8_t{});
    put("uint64", std::uint64_t{});
  });
}

/// What reading says, without the path that it has to begin with; empty when nothing was thrown.
inline std::string fault_of(const Sound& sound) {
  try {
    sound.read();
    return "";
  } catch (const FileError& error) {
    const std::string text = error.what();
    CHECK_MESSAGE(text.starts_with(sound.path + ": "), text);
    return text.substr(std::min(text.size(), sound.path.size() + 2));
  }
}

/// Harms one dataset after the other, in one way after the other, and expects the reader to refuse the artifact by path
/// and dataset. At the end the sound one is there again. One rank; where there are more it does nothing, since every
/// rank reads for itself.
inline void check_every_harm(const Sound& sound) {
  namespace fs = std::filesystem;
  if (Communicator::world().size() > 1) return;
  const std::string kept = sound.path + ".kept";
  fs::copy_file(sound.path, kept);
  REQUIRE(fault_of(sound) == "");
  for (const auto& name : ArtifactReader(kept).datasets())
    for (const Harm harm : {Harm::type, Harm::length, Harm::missing}) {
      if (sound.unchecked.contains(name) || (harm == Harm::missing && sound.optional.contains(name))) continue;
      CAPTURE(name);
      CAPTURE(static_cast<int>(harm));
      write_harmed(sound, name, harm);
      const std::string fault = fault_of(sound);
      // Where two lengths differ, the other may be the one that is blamed.
      CHECK_MESSAGE(fault.find(harm == Harm::length ? "\"" : "\"" + name + "\"") != std::string::npos, fault);
      CHECK_MESSAGE(fault.find("--overwrite makes it anew") != std::string::npos, fault);
      fs::copy_file(kept, sound.path, fs::copy_options::overwrite_existing);
    }
  CHECK(fault_of(sound) == "");
  fs::remove(kept);
}

}  // namespace coterie
