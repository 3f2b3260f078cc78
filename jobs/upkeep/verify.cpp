#include <filesystem>

#include "command/job.hpp"
#include "coterie/store/feature_file.hpp"

namespace coterie::jobs {
namespace {

// What is wrong with one artifact; empty when nothing is.
std::string fault_of(const std::string& path) {
  try {
    const ArtifactReader artifact(path);
    const auto damaged = artifact.damaged();
    if (damaged.empty()) return "";
    std::string fault = fmt::format("damaged: {}", fmt::join(damaged, ", "));
    if (!artifact.has("block_hash")) return fault + "; make it again with --overwrite";
    return fault + fmt::format("; blocks {}: the same coterie extract computes only those again",
                               fmt::join(damaged_blocks(path), ", "));
  } catch (const FileError& error) {
    return std::string(error.what()).substr(path.size() + 2);  // without the path, which stands before it
  }
}

}  // namespace

void verify(Job& job) {
  require(std::filesystem::is_directory(job.study.folder()), "{} is no study: there is no such folder",
          job.study.folder());
  job.comm.on_root([&] {
    std::vector<std::string> paths;
    if (std::filesystem::exists(job.study.images_path())) paths.push_back(job.study.images_path());
    for (const Kind kind : kKinds)
      for (const auto& name : job.study.list(kind)) paths.push_back(job.study.path(kind, name));
    std::size_t faulty = 0;
    for (const auto& path : paths) {
      const std::string fault = fault_of(path);
      job.say("{}: {}", path, fault.empty() ? "sound" : fault);
      faulty += !fault.empty();
    }
    if (faulty > 0) throw Error(fmt::format("{} of {} artifacts are damaged", faulty, paths.size()));
    job.say("all {} artifacts are sound", paths.size());
  });
}

}  // namespace coterie::jobs
