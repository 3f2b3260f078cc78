#include "planning/batch_script.hpp"

#include <cmath>
#include <sstream>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/base/number.hpp"
#include "coterie/base/shell_quoted.hpp"
#include "study_sbatch.hpp"

namespace coterie::jobs {
namespace {

constexpr std::string_view kDirective = "#SBATCH --";
constexpr fmt::format_string<const std::string&> kNoLimit =
    "\"{}\" is no time limit; write it as Slurm does: 90 (minutes), 12:00:00 or 2-00:00:00";

/// The KEY of "#SBATCH --KEY=VALUE", or of "##SBATCH --KEY=VALUE"; "" of any other line.
std::string key_of(const std::string& line) {
  const std::string text = line.starts_with("##") ? line.substr(1) : line;
  if (!text.starts_with(kDirective)) return "";
  return text.substr(kDirective.size(), text.find_first_of("= \t", kDirective.size()) - kDirective.size());
}

// As sbatch reads a line: in double quotes, where a backslash keeps the next character, whatever holds more than plain
// characters. Nothing else stands between: no shell reads these lines.
std::string directive_value(const std::string& key, const std::string& value) {
  require(value.find('\n') == std::string::npos, "--{} holds a line break", key);
  if (shell_quoted(value) == value) return value;
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::int64_t whole(const std::string& text, const std::string& limit) {
  const auto value = parse_as<std::int64_t>(text, 0, 999'999);
  require(value.has_value(), kNoLimit, limit);
  return *value;
}

}  // namespace

const std::string& study_sbatch() {
  static const std::string text = kStudySbatch;
  return text;
}

std::string fill_batch_script(const std::string& script, const std::map<std::string, std::string>& directives) {
  std::vector<std::string> lines;
  std::istringstream stream(script);
  std::size_t last = 0;
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
    if (line.starts_with("#SBATCH")) last = lines.size();
  }
  require(last > 0, "the batch script holds no #SBATCH line; slurm/study.sbatch is one to begin with");
  for (const auto& [key, value] : directives) {
    if (value.empty()) continue;
    const std::string wanted = fmt::format("{}{}={}", kDirective, key, directive_value(key, value));
    bool there = false;
    for (auto& line : lines)
      if (key_of(line) == key) line = wanted, there = true;
    if (!there) lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(last++), wanted);
  }
  return fmt::format("{}\n", fmt::join(lines, "\n"));
}

std::string slurm_time(double seconds) {
  const auto minutes = static_cast<std::int64_t>(std::ceil(seconds / 60));
  const std::int64_t days = minutes / 1440;
  return fmt::format("{}{:02}:{:02}:00", days > 0 ? fmt::format("{}-", days) : "", minutes / 60 % 24, minutes % 60);
}

double slurm_seconds(const std::string& text) {
  const auto dash = text.find('-');
  const std::string days = dash == std::string::npos ? "" : text.substr(0, dash);
  std::vector<std::int64_t> parts;
  std::istringstream stream(dash == std::string::npos ? text : text.substr(dash + 1));
  for (std::string part; std::getline(stream, part, ':');) parts.push_back(whole(part, text));
  require(!parts.empty() && parts.size() <= 3, kNoLimit, text);
  const auto part = [&](std::size_t i) { return i < parts.size() ? static_cast<double>(parts[i]) : 0.0; };
  if (dash != std::string::npos)
    return static_cast<double>(whole(days, text)) * 86400 + part(0) * 3600 + part(1) * 60 + part(2);
  if (parts.size() == 3) return part(0) * 3600 + part(1) * 60 + part(2);
  return part(0) * 60 + part(1);
}

}  // namespace coterie::jobs
