#include "stages/missing_images.hpp"

#include <filesystem>

#include "command/manifest.hpp"
#include "coterie/base/shell_quoted.hpp"
#include "coterie/images/missing.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kLooked = 64;  // images that stand for all

// What helps, a line each.
std::vector<std::string> way_out(const MissingCause& cause) {
  std::vector<std::string> lines;
  if (!cause.edits.empty()) lines.push_back(fmt::format("Mend the list: {}.", fmt::join(cause.edits, "; ")));
  std::string options;
  if (!cause.path_column.empty()) options += " --path-column " + shell_quoted(cause.path_column);
  if (!cause.root.empty()) options += " --root " + shell_quoted(cause.root);
  if (!options.empty()) lines.push_back(fmt::format("{}:{}", lines.empty() ? "Give" : "Then give", options));
  return lines;
}

std::string likely_cause(const Job& job, const ScannedList& scanned, const std::vector<std::int64_t>& missing) {
  const std::string& root = scanned.list.root;
  ListingOptions options;
  options.source = job.options.text("images");
  options.root = job.options.text("root");
  if (const auto cause = why_missing(scanned.list, options, missing)) {
    std::string text = fmt::format("The likely cause: {}", cause->what);
    if (!cause->found.empty()) text += fmt::format(". That finds, for example, {}", cause->found);
    for (const auto& line : way_out(*cause)) text += "\n" + line;
    return text;
  }
  if (!fs::is_directory(root))
    return fmt::format("The folder {} is not there: is it mounted? --root names another", root);
  return fmt::format(
      "Nothing that was tried finds them (other folders, quotation marks, backslashes, suffixes, Unicode forms, other "
      "columns). A list has one path in each line, which starts from {}; --root names another folder",
      fs::absolute(root).lexically_normal().string());
}

}  // namespace

void tell_missing(const Job& job, const ScannedList& scanned) {
  const std::string source = job.options.text("images");
  std::vector<std::int64_t> missing;
  for (std::int64_t i = 0; i < scanned.list.size(); ++i)
    if (scanned.probes[static_cast<std::size_t>(i)].status == ImageStatus::not_found) missing.push_back(i);
  if (missing.empty() || fs::is_directory(source)) return;
  const std::string& first = scanned.list.paths[static_cast<std::size_t>(missing.front())];
  const bool all = std::ssize(missing) == scanned.list.size();
  const std::string text = fmt::format(
      "{} of the {} paths in {} {} to a file. The first, \"{}\", was looked for at {}\n{}",
      all ? "none" : fmt::format("{}", missing.size()), scanned.list.size(), source, all ? "leads" : "do not lead",
      first, fs::absolute(image_file(scanned.list.root, first)).lexically_normal().string(),
      likely_cause(job, scanned, missing));
  require(!all, "{}", text);
  job.say("{}{}", 2 * std::ssize(missing) > scanned.list.size() ? "warning: " : "", text);
}

void require_some_there(const Job& job, const ImageTable& table, const std::vector<std::int64_t>& images) {
  const std::int64_t count = std::min<std::int64_t>(kLooked, std::ssize(images));
  std::string first;
  for (std::int64_t i = 0; i < count; ++i) {
    const ImagePlace place = place_of(table, images[static_cast<std::size_t>(i * std::ssize(images) / count)]);
    std::error_code error;
    if (fs::exists(place.file, error) || error) return;  // what cannot be looked at has its own reason
    if (first.empty()) first = place.file;
  }
  const std::string study = shell_quoted(job.study.folder());
  throw FileError(
      first, fmt::format("there is no such file any more, and of {} images looked for none is there. {}", count,
                         fs::is_directory(table.root)
                             ? fmt::format("If they were deleted or renamed, list what there is: coterie scan --study "
                                           "{} --images PATH --overwrite",
                                           study)
                             : fmt::format("The folder {} is gone: mount it, or say where the images lie now: coterie "
                                           "scan --study {} --images PATH",
                                           table.root, study)));
}

}  // namespace coterie::jobs
