#include "coterie/base/unfinished.hpp"

#include <unistd.h>

#include <filesystem>
#include <mutex>
#include <set>
#include <utility>

namespace coterie {
namespace {

std::mutex mutex;
bool ended = false;  // what is begun from then on nobody would remove
// Never destroyed: a writer may outlive what the program's end takes down.
std::multiset<std::string>& known() {
  static auto* const paths = new std::multiset<std::string>;
  return *paths;
}

}  // namespace

Unfinished::Unfinished(std::string path) : path_(std::move(path)) {
  const std::scoped_lock lock(mutex);
  while (ended) pause();
  known().insert(path_);
}

Unfinished::~Unfinished() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  const std::scoped_lock lock(mutex);
  known().extract(path_);
}

void remove_unfinished() {
  const std::scoped_lock lock(mutex);
  ended = true;
  for (const auto& path : known()) {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
}

}  // namespace coterie
