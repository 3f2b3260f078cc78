#include "coterie/base/unfinished.hpp"

#include <unistd.h>

#include <exception>
#include <filesystem>
#include <mutex>
#include <set>
#include <utility>

namespace coterie {
namespace {

std::mutex mutex;
bool ended = false;  // what is begun from then on nobody would remove

// Never destroyed: a writer may outlive what the program's end takes down.
std::multiset<std::pair<std::string, Unfinished::Clear>>& known() {
  static auto* const all = new std::multiset<std::pair<std::string, Unfinished::Clear>>;
  return *all;
}

void remove(const std::string& path, Unfinished::Clear clear_more) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
  try {
    if (clear_more != nullptr) clear_more(path);
  } catch (const std::exception&) {  // what cannot be removed stays
  }
}

}  // namespace

Unfinished::Unfinished(std::string path, Clear clear_more) : path_(std::move(path)), clear_more_(clear_more) {
  const std::scoped_lock lock(mutex);
  while (ended) pause();
  known().emplace(path_, clear_more_);
}

Unfinished::~Unfinished() {
  remove(path_, clear_more_);
  const std::scoped_lock lock(mutex);
  known().extract({path_, clear_more_});
}

void remove_unfinished() {
  const std::scoped_lock lock(mutex);
  ended = true;
  for (const auto& [path, clear_more] : known()) remove(path, clear_more);
}

}  // namespace coterie
