#include "command/manifest.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "coterie/base/errors.hpp"
#include "coterie/base/json_number.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/shell_quoted.hpp"
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
    Json json = Json::parse(file);
    if (json.is_object()) return json;
  } catch (const nlohmann::json::exception&) {
    // reported below
  }
  throw FileError(path, "is damaged; move it away and run the command again");
}

void save(const Study& study, Json& manifest) {
  manifest["study"] = std::filesystem::absolute(study.folder()).lexically_normal().string();
  write_new_file(manifest_path(study), manifest.dump(2, ' ', false, Json::error_handler_t::replace) + '\n');
}

std::int64_t count_in(const Json& json, const char* name) {
  return json.contains(name) ? whole_number(json.at(name)) : 0;
}

ManifestCommand parse_command(const Json& json) {
  return {json.value("when", ""),  json.value("command", ""), json.value("version", ""),  json.value("host", ""),
          count_in(json, "ranks"), count_in(json, "threads"), json.value("seconds", 0.0), json.value("config", "")};
}

// Versions that listed artifacts afresh after each command called the address "name", with the suffix.
Generation parse_generation(const Json& json) {
  Generation generation{json.value("address", json.value("name", "")),
                        json.value("content", ""),
                        {},
                        json.value("when", ""),
                        json.value("command", ""),
                        json.value("arguments", ""),
                        json.value("job", "")};
  if (constexpr std::string_view kSuffix = ".h5"; generation.address.ends_with(kSuffix))
    generation.address.resize(generation.address.size() - kSuffix.size());
  if (json.contains("recipe")) generation.recipe = Recipe::parse(json["recipe"].dump());
  return generation;
}

Choice parse_choice(const Json& json) {
  return {json.value("clustering", ""), count_in(json, "k"), json.value("by", ""), json.value("content", "")};
}

}  // namespace

const Generation* Manifest::last(const std::string& address) const {
  const auto found = std::find_if(generations.rbegin(), generations.rend(),
                                  [&](const auto& generation) { return generation.address == address; });
  return found == generations.rend() ? nullptr : &*found;
}

const Generation* Manifest::find(const std::string& address, const std::string& content) const {
  const auto found = std::find_if(generations.rbegin(), generations.rend(), [&](const auto& generation) {
    return generation.address == address && generation.content == content;
  });
  return found == generations.rend() ? nullptr : &*found;
}

std::string Manifest::newest(const Kind& kind, const std::vector<std::string>& names) const {
  if (names.size() == 1) return names.front();
  for (auto generation = generations.rbegin(); generation != generations.rend(); ++generation)
    for (const auto& name : names)
      if (!generation->when.empty() && generation->address == Study::address(kind, name)) return name;
  return "";
}

Manifest read_manifest(const Study& study) {
  Manifest manifest;
  try {
    const Json json = load(study);
    for (const auto& entry : json.value("commands", Json::array())) manifest.commands.push_back(parse_command(entry));
    for (const auto& entry : json.value("artifacts", Json::array()))
      manifest.generations.push_back(parse_generation(entry));
    if (json.contains("choice") && json["choice"].is_object()) manifest.choice = parse_choice(json["choice"]);
  } catch (const nlohmann::json::exception&) {
    throw FileError(manifest_path(study), "is damaged; move it away and run the command again");
  }
  return manifest;
}

void record_command(const Study& study, const ManifestCommand& command) {
  Json manifest = load(study);
  manifest["commands"].push_back({{"when", command.when},
                                  {"command", command.command_line},
                                  {"version", command.version},
                                  {"host", command.host},
                                  {"ranks", command.ranks},
                                  {"threads", command.threads},
                                  {"seconds", command.seconds},
                                  {"config", command.config}});
  save(study, manifest);
}

void record_generation(const Study& study, const Generation& generation) {
  Json manifest = load(study);
  Json entry = {{"address", generation.address},     {"content", generation.content},
                {"when", generation.when},           {"command", generation.command},
                {"arguments", generation.arguments}, {"recipe", Json::parse(generation.recipe.text())}};
  if (!generation.job.empty()) entry["job"] = generation.job;
  manifest["artifacts"].push_back(std::move(entry));
  save(study, manifest);
}

void record_choice(const Study& study, const std::optional<Choice>& choice) {
  Json manifest = load(study);
  manifest.erase("choice");
  if (choice)
    manifest["choice"] = {
        {"clustering", choice->clustering}, {"k", choice->k}, {"by", choice->by}, {"content", choice->content}};
  save(study, manifest);
}

std::string study_config(const std::vector<ManifestCommand>& commands, const std::vector<const OptionList*>& stages) {
  std::map<std::string, std::string> last;  // stage -> its section
  std::string common;
  for (const auto& command : commands) {
    const std::size_t section = command.config.find("\n[");
    if (section == std::string::npos) continue;
    common = command.config.substr(0, section);
    const std::size_t end = command.config.find(']', section);
    last[command.config.substr(section + 2, end - section - 2)] = command.config.substr(section);
  }
  std::string text = common;
  for (const auto* stage : stages)
    if (last.contains(stage->command())) text += last.at(stage->command());
  return text;
}

std::string arguments_text(const Options& options, bool repeatable) {
  std::string text;
  for (const auto& word : options.words) text += fmt::format(" {}", shell_quoted(word));
  const auto add = [&](const Option& option) {
    const std::string name(option.name);
    if (!options.given(name) || (repeatable && (name == "study" || option.role == Role::action))) return;
    if (option.type == OptionType::flag)
      text += fmt::format(" --{}{}", name, options.flag(name) ? "" : "=false");
    else
      text += fmt::format(" --{} {}", name, shell_quoted(options.text(name)));
  };
  for (const auto& option : common_options()) add(option);
  for (const auto& option : options.list().own()) add(option);
  return text.empty() ? text : text.substr(1);
}

std::string command_line_text(const Options& options) {
  return fmt::format("coterie {} {}", options.command(), arguments_text(options));
}

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

}  // namespace coterie::jobs
