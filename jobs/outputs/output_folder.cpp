#include "outputs/output_folder.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "coterie/base/digest.hpp"
#include "coterie/base/new_file.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* kProvenance = "provenance.json";

// Names, the bytes of files and the targets of links: whatever a person may have changed.
std::string contents_digest(const std::string& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  Sha256 digest;
  for (const auto& path : paths) {
    const std::string name = path.lexically_relative(folder).string();
    if (name == kProvenance) continue;
    std::string what = "folder";
    if (fs::is_symlink(path))
      what = "link " + fs::read_symlink(path).string();
    else if (fs::is_regular_file(path))
      what = sha256_of_file(path.string());
    const std::string line = fmt::format("{}\n{}", name, what);
    digest.update(line.c_str(), line.size() + 1);
  }
  return digest.hex();
}

struct Known {
  Provenance about;
  std::string contents;
};

std::optional<Known> read_provenance(const std::string& folder) {
  const std::string path = folder + "/" + kProvenance;
  if (!fs::is_regular_file(fs::symlink_status(path))) return std::nullopt;
  std::ifstream file(path);
  try {
    const Json json = Json::parse(file);
    return Known{{json.at("command"), json.at("made_of"), json.at("options")}, json.at("contents")};
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

void write_provenance(const std::string& folder, const Provenance& about) {
  const Json json = {{"command", about.command},
                     {"made_of", about.made_of},
                     {"options", about.options},
                     {"contents", contents_digest(folder)}};
  write_new_file(folder + "/" + kProvenance, json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n');
}

void refuse_foreign(const std::string& path, bool overwrite) {
  const auto status = fs::symlink_status(path);
  if (!fs::exists(status)) return;
  if (fs::is_symlink(status))
    throw FileError(path,
                    "is a link; nothing is written through one. Remove it, or move what it points to into its place");
  if (!fs::is_directory(status))
    throw FileError(path, "is no folder, and coterie wants to write one there; move it away");
  if (fs::is_empty(path)) return;
  const auto known = read_provenance(path);
  if (!known)
    throw FileError(path, fmt::format("holds files that coterie did not write (there is no {}); move it away, and run "
                                      "this command again",
                                      kProvenance));
  if (!overwrite && contents_digest(path) != known->contents)
    throw FileError(path,
                    "was changed after coterie wrote it: a table was edited, or a file added or removed. Move it away "
                    "to keep that, or give --overwrite to replace it");
}

// Both names at once where the file system can do that; else there is a moment without either.
void swap_in(const std::string& fresh, const std::string& path) {
  if (!fs::exists(path)) return put_in_place(fresh, path);
  if (renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0) {
    remove_folder(fresh);
    return;
  }
  const std::string old = path + ".old";
  remove_folder(old);
  put_in_place(path, old);
  put_in_place(fresh, path);
  remove_folder(old);
}

}  // namespace

Provenance provenance_of(const Job& job, const std::map<std::string, std::string>& made_of) {
  Provenance about{job.command.name(), made_of.empty() ? job.recipe.parents() : made_of, {}};
  for (const auto& option : job.command.options.own()) {
    const std::string name(option.name);
    if (option.role != Role::output) continue;
    if (const std::string value = job.options.canonical(name); !value.empty()) about.options[name] = value;
  }
  return about;
}

OutputFolder::OutputFolder(const std::string& base, const std::string& relative, Provenance about, bool overwrite)
    : path_(base + "/" + relative), fresh_(path_ + ".tmp"), about_(std::move(about)) {
  std::string above = base;
  for (std::size_t begin = 0, slash = 0; (slash = relative.find('/', begin)) != std::string::npos; begin = slash + 1) {
    make_folder_inside(above, relative.substr(begin, slash - begin));
    above = base + "/" + relative.substr(0, slash);
  }
  if (fs::exists(base + "/" + kProvenance))
    throw FileError(base, "is a folder that coterie writes whole; name another one");
  refuse_foreign(path_, overwrite);
  require_replaceable(path_);
  remove_folder(fresh_);
  make_folder_inside(fs::path(fresh_).parent_path().string(), fs::path(fresh_).filename().string());
  unfinished_.emplace(fresh_);
}

void OutputFolder::finish() {
  try {
    write_provenance(fresh_, about_);
    swap_in(fresh_, path_);
  } catch (const fs::filesystem_error& error) {
    throw FileError(path_, write_fault(path_, error.code().value()));
  }
}

bool OutputFolder::is_current(const std::string& path, const Provenance& about) {
  if (!fs::is_directory(fs::symlink_status(path))) return false;
  const auto known = read_provenance(path);
  return known && known->about == about && contents_digest(path) == known->contents;
}

}  // namespace coterie::jobs
