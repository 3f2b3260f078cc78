#include "stages/called_map.hpp"

#include <algorithm>
#include <iterator>

#include "command/manifest.hpp"

namespace coterie::jobs {
namespace {

// Whether it is what embed calls such a map where nobody names it: a map that was named "after-umap" is none called
// umap.
bool is_called(const Job& job, const std::string& name, const std::string& wanted) {
  if (!name.ends_with("-" + wanted)) return false;
  const ArtifactReader map = job.study.open(Kind::embeddings, name);
  const std::string reduction = map.attribute("reduction");
  return name == (reduction.empty() ? map.attribute("features") : reduction) + "-" + wanted;
}

}  // namespace

std::string map_called(const Job& job, const std::string& wanted) {
  const auto names = job.study.list(Kind::embeddings);
  if (std::find(names.begin(), names.end(), wanted) != names.end()) return wanted;
  std::vector<std::string> so_called;
  std::copy_if(names.begin(), names.end(), std::back_inserter(so_called),
               [&](const std::string& name) { return is_called(job, name, wanted); });
  if (so_called.empty()) return wanted;
  const std::string newest = read_manifest(job.study).newest(Kind::embeddings, so_called);
  std::string found = newest.empty() ? so_called.front() : newest;
  job.say("takes {} for {}{}", Study::address(Kind::embeddings, found), wanted,
          so_called.size() > 1 ? fmt::format(", the newest of {} that are called so", so_called.size()) : "");
  return found;
}

std::string take_called_map(Job& job) {
  std::string name = job.options.required(Kind::embeddings.one);
  job.comm.on_root([&] { name = map_called(job, name); });
  job.comm.broadcast(name);
  job.options.set(Kind::embeddings.one, name);
  return job.take(Kind::embeddings);
}

}  // namespace coterie::jobs
