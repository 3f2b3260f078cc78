#include "command/manifest.hpp"

#include <unistd.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/version.hpp"

namespace coterie::jobs {
namespace {

using Json = nlohmann::ordered_json;

std::string manifest_path(const Study& study) { return study.folder() + "/manifest.json"; }

Json load(const Study& study) {
  const std::string path = manifest_path(study);
  std::error_code missing;
  if (!std::filesystem::exists(path, missing)) return Json::object();
  constexpr std::uintmax_t kMost = std::uintmax_t{256} << 20;
  if (!std::filesystem::is_regular_file(path) || std::filesystem::file_size(path) > kMost)
    throw FileError(path, "is no file of up to 256 MiB; move it away and run the command again");
  std::ifstream file(path);
  try {
    return Json::parse(file);
  } catch (const nlohmann::json::exception&) {
    throw FileError(manifest_path(study), "is damaged; move it away and run the command again");
  }
}

// A damaged one must not keep the study from going on without it.
Json describe_artifact(const std::string& path, const std::string& name) {
  try {
    const ArtifactReader artifact(path);
    return {{"name", name}, {"recipe", Json::parse(artifact.recipe().text())}, {"content", artifact.digest()}};
  } catch (const FileError& error) {
    return {{"name", name}, {"damaged", error.what()}};
  }
}

Json describe_artifacts(const Study& study) {
  Json list = Json::array();
  if (std::filesystem::exists(study.images_path())) list.push_back(describe_artifact(study.images_path(), "images.h5"));
  for (const Kind kind : kKinds)
    for (const auto& name : study.list(kind))
      list.push_back(describe_artifact(study.path(kind, name), fmt::format("{}/{}.h5", folder_of(kind), name)));
  return list;
}

std::string shell_quoted(const std::string& word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted(1, '\'');
  for (const char c : word) {
    if (c == '\'')
      quoted.append("'\\''");
    else
      quoted.push_back(c);
  }
  quoted.push_back('\'');
  return quoted;
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string timestamp() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local);
  return text.data();
}

std::string command_line_text(const Options& options) {
  std::string text = "coterie " + options.command();
  for (const auto& word : options.words) text += fmt::format(" {}", shell_quoted(word));
  for (const auto& option : option_table()) {
    const std::string name(option.name);
    if (!takes(options.command(), option) || !options.given(name)) continue;
    if (option.type == OptionType::flag)
      text += fmt::format(" --{}{}", name, options.flag(name) ? "" : "=false");
    else
      text += fmt::format(" --{} {}", name, shell_quoted(options.text(name)));
  }
  return text;
}

void record_command(const Study& study, const Options& options, int ranks, int threads, double seconds) {
  Json manifest = load(study);
  manifest["study"] = std::filesystem::absolute(study.folder()).lexically_normal().string();
  manifest["commands"].push_back({{"when", timestamp()},
                                  {"command", command_line_text(options)},
                                  {"version", version()},
                                  {"host", host_name()},
                                  {"ranks", ranks},
                                  {"threads", threads},
                                  {"seconds", seconds},
                                  {"config", study_file_text({options})}});
  manifest["artifacts"] = describe_artifacts(study);
  write_new_file(manifest_path(study), manifest.dump(2, ' ', false, Json::error_handler_t::replace) + '\n');
}

std::string study_config(const std::vector<ManifestEntry>& entries, const std::vector<std::string>& stages) {
  std::map<std::string, std::string> last;  // stage -> its section
  std::string common;
  for (const auto& entry : entries) {
    const std::size_t section = entry.config.find("\n[");
    if (section == std::string::npos) continue;
    common = entry.config.substr(0, section);
    const std::size_t end = entry.config.find(']', section);
    last[entry.config.substr(section + 2, end - section - 2)] = entry.config.substr(section);
  }
  std::string text = common;
  for (const auto& stage : stages)
    if (last.contains(stage)) text += last.at(stage);
  return text;
}

std::vector<ManifestEntry> read_manifest(const Study& study) {
  std::vector<ManifestEntry> entries;
  const Json manifest = load(study);
  for (const auto& entry : manifest.value("commands", Json::array()))
    entries.push_back({entry.value("when", ""), entry.value("command", ""), entry.value("version", ""),
                       entry.value("host", ""), entry.value("ranks", 0), entry.value("threads", 0),
                       entry.value("seconds", 0.0), entry.value("config", "")});
  return entries;
}

}  // namespace coterie::jobs
