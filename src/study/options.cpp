#include "coterie/study/options.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/base/number.hpp"
#include "coterie/base/text_encoding.hpp"

namespace coterie::inline study {
namespace po = boost::program_options;
namespace {

constexpr const char* kCommonSection = "study";

po::options_description describe(const OptionList& list) {
  po::options_description description;
  for (const auto& option : list.all()) {
    auto* value = po::value<std::string>();
    if (option.type == OptionType::flag) value->implicit_value("true");
    description.add_options()(std::string(option.name).c_str(), value);
  }
  description.add_options()("word", po::value<std::vector<std::string>>());
  return description;
}

std::vector<std::string> names_of(const std::vector<const OptionList*>& stages) {
  std::vector<std::string> names;
  for (const auto* stage : stages) names.push_back(stage->command());
  return names;
}

// The sections of the file; also those that hold no key, which boost does not report.
std::set<std::string> sections_of(const std::string& path, const std::string& text) {
  std::set<std::string> sections;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto open = line.find_first_not_of(" \t");
    const auto close = line.find(']');
    if (open == std::string::npos || line[open] != '[' || close == std::string::npos) continue;
    const std::string section = line.substr(open + 1, close - open - 1);
    require(sections.insert(section).second,
            "{}: the section [{}] stands there twice; a stage runs once, so put its keys together or use two files",
            path, section);
  }
  return sections;
}

// A name that is nearly one of its folder's files was most likely meant for that.
std::string why_unread(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code none;
  if (fs::exists(path, none)) return "cannot be read";
  const fs::path folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : fs::path(".");
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder, none))
    if (entry.path().extension() == ".ini") files.push_back(entry.path().filename().string());
  std::sort(files.begin(), files.end());
  return "is not there" + did_you_mean(fs::path(path).filename().string(), files);
}

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw InvalidArgument(fmt::format("{}: this study file {}", path, why_unread(path)));
  std::string text(std::size_t{1} << 20, '\0');  // a thousand times what a study needs
  file.read(text.data(), std::ssize(text));
  require(!file.bad() && file.eof(), "{}: more than 1 MiB, or a folder; this is no study file", path);
  text.resize(static_cast<std::size_t>(file.gcount()));
  return unmarked_text(std::move(text), path);
}

// Boost ends every line at its first #. Here that begins a comment only at the start of a line or after a blank, and
// not between the quotes of "a value with # in it".
constexpr char kHash = '\x01';

std::string with_hashes_kept(std::string text) {
  char before = '\n', first = '\n';  // first: of the value that the line gives
  bool quoted = false, comment = false;
  for (char& c : text) {
    if (c == '\n') {
      first = '\n', quoted = comment = false;
    } else if (!comment) {
      if (c == '=' && first == '\n') {
        first = '=';
      } else if (first == '=' && c != ' ' && c != '\t') {
        first = c, quoted = c == '"';
      } else if (quoted && c == '"') {
        quoted = false;
      }
      if (c == '#' && (quoted || (before != '\n' && before != ' ' && before != '\t')))
        c = kHash;
      else if (c == '#')
        comment = true;
    }
    before = c;
  }
  return text;
}

// The value that a line gives: without quotes around all of it.
std::string value_of(std::string value) {
  std::replace(value.begin(), value.end(), kHash, '#');
  if (value.size() >= 2 && value.front() == '"' && value.find('"', 1) == value.size() - 1)
    return value.substr(1, value.size() - 2);
  return value;
}

// As value_of() reads it back.
std::string written_value(const std::string& value) {
  constexpr std::string_view kBlanks = " \t";
  const bool plain =
      value.empty() || (kBlanks.find(value.front()) == kBlanks.npos && kBlanks.find(value.back()) == kBlanks.npos &&
                        value.front() != '#' && value.find(" #") == value.npos && value.find("\t#") == value.npos &&
                        value_of(value) == value);
  return plain || value.find('"') != value.npos ? value : '"' + value + '"';
}

using Keys = std::map<std::string, std::map<std::string, std::string>>;  // section -> key -> value

Keys parse_keys(const std::string& path, const std::string& text, const std::vector<std::string>& stages) {
  Keys keys;
  for (const auto& section : sections_of(path, text)) {
    require(section == kCommonSection || std::find(stages.begin(), stages.end(), section) != stages.end(),
            "{}: no stage is called [{}]{}", path, section, did_you_mean(section, stages));
    keys[section];
  }
  std::istringstream stream(with_hashes_kept(text));
  const auto parsed = po::parse_config_file(stream, po::options_description(), true);
  for (const auto& entry : parsed.options) {
    const auto dot = entry.string_key.find('.');
    require(dot != std::string::npos, "{}: \"{}\" stands above all sections; put it under [study] or a stage", path,
            entry.string_key);
    const std::string section = entry.string_key.substr(0, dot), key = entry.string_key.substr(dot + 1);
    const std::string value = entry.value.empty() ? "" : value_of(entry.value.front());
    const auto [first, fresh] = keys[section].try_emplace(key, value);
    require(fresh, "{}: [{}] gives {} twice: \"{}\" and \"{}\"", path, section, key, first->second, value);
  }
  return keys;
}

void check_common(const std::string& path, const std::map<std::string, std::string>& keys) {
  const OptionList common("[study]");
  for (const auto& [key, ignored] : keys)
    require(common.takes(key), "{}: \"{}\" belongs under a stage, not under [study]", path, key);
}

}  // namespace

void Options::set(const std::string& name, const std::string& text) {
  const Option& option = list_->find(name);
  if (text.empty()) {
    values_.erase(name);
    return;
  }
  check_value(option, text);
  values_[name] = text;
}

std::string Options::text(const std::string& name) const {
  const auto found = values_.find(name);
  return found != values_.end() ? found->second : std::string(list_->find(name).fallback);
}

std::int64_t Options::count(const std::string& name) const { return parse_as<std::int64_t>(text(name)).value(); }
double Options::real(const std::string& name) const { return parse_real(text(name)); }

std::string Options::shown(const std::string& name) const { return left_out_.contains(name) ? "" : text(name); }

std::string Options::canonical(const std::string& name) const {
  const std::string value = left_out_.contains(name) ? "" : text(name);
  return value.empty() ? value : canonical_value(list_->find(name), value);
}

void Options::leave_out(const std::string& name) {
  values_.erase(name);
  left_out_.insert(name);
}

std::vector<std::string> Options::texts(const std::string& name) const {
  std::vector<std::string> parts;
  std::istringstream stream(text(name));
  for (std::string part; std::getline(stream, part, ',');)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

std::vector<std::string> Options::files(const std::string& name) const {
  const auto exists = [](const std::string& file) {
    std::error_code unreadable;
    return std::filesystem::exists(file, unreadable) ||
           std::filesystem::exists(file.substr(file.find('=') + 1), unreadable);
  };
  const std::vector<std::string> pieces = texts(name);
  std::vector<std::string> found;
  for (auto begin = pieces.begin(); begin != pieces.end();) {
    auto end = pieces.end();
    while (end - begin > 1 && !exists(fmt::format("{}", fmt::join(begin, end, ",")))) --end;
    found.push_back(fmt::format("{}", fmt::join(begin, end, ",")));
    begin = end;
  }
  return found;
}

std::string Options::required(const std::string& name) const {
  std::string value = text(name);
  const Option& option = list_->find(name);
  require(!value.empty(), "{} wants --{} {}: {}", command(), name, option.value, option.help);
  return value;
}

void Options::take_over(const Options& other) {
  for (const auto& [name, value] : other.values_)
    if (list_->takes(name)) values_[name] = value;
}

Options parse_command_line(const OptionList& list, const std::vector<std::string>& arguments) {
  Options options(list);
  const auto description = describe(list);
  po::positional_options_description words;
  words.add("word", -1);
  try {
    const auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing &
                       ~po::command_line_style::allow_short;
    const auto parsed = po::command_line_parser(arguments).options(description).positional(words).style(style).run();
    for (const auto& entry : parsed.options) {
      if (entry.string_key == "word")
        options.words.insert(options.words.end(), entry.value.begin(), entry.value.end());
      else
        options.set(entry.string_key, entry.value.empty() ? "true" : entry.value.front());
    }
  } catch (const po::unknown_option& error) {
    std::string name = error.get_option_name();
    name.erase(0, name.find_first_not_of('-'));
    list.find(name);  // throws, with the nearest name
  } catch (const po::error& error) {
    throw InvalidArgument(fmt::format("{}: {}", list.command(), error.what()));
  }
  require(options.words.empty() || !list.words().empty(), "{} takes no \"{}\"; its options begin with --",
          list.command(), options.words.empty() ? "" : options.words.front());
  return options;
}

std::vector<Options> read_study_file(const std::string& path, const std::vector<const OptionList*>& stages,
                                     const Options& above) {
  return read_study_text(read_text(path), path, stages, above);
}

std::vector<Options> read_study_text(const std::string& text, const std::string& path,
                                     const std::vector<const OptionList*>& stages, const Options& above) {
  Keys keys;
  try {
    keys = parse_keys(path, text, names_of(stages));
  } catch (const po::error& error) {
    throw InvalidArgument(fmt::format("{}: {}", path, error.what()));
  }
  check_common(path, keys[kCommonSection]);
  std::vector<Options> asked;
  for (const auto* stage : stages) {
    const std::string& name = stage->command();
    if (!keys.contains(name)) continue;
    Options options(*stage);
    try {
      for (const auto& [key, value] : keys[kCommonSection]) options.set(key, value);
      for (const auto& [key, value] : keys[name]) options.set(key, value);
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(fmt::format("{}, [{}]: {}", path, name, error.what()));
    }
    options.take_over(above);
    asked.push_back(options);
  }
  require(!asked.empty(), "{} asks for no stage; give it sections such as [scan], [extract], [reduce], [cluster]",
          path);
  return asked;
}

std::string study_file_text(const std::vector<Options>& stages) {
  std::string out = fmt::format("[{}]\n", kCommonSection);
  const auto add = [&](const Options& options, std::span<const Option> which) {
    for (const auto& option : which)
      if (option.role != Role::action)
        out += fmt::format("{} = {}\n", option.name, written_value(options.shown(std::string(option.name))));
  };
  add(stages.front(), common_options());
  for (const auto& stage : stages) {
    out += fmt::format("\n[{}]\n", stage.command());
    add(stage, stage.list().own());
  }
  return out;
}

}  // namespace coterie::inline study
