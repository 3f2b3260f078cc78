#include "coterie/study/options.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>
#include <sstream>

#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"

namespace coterie {
namespace po = boost::program_options;
namespace {

constexpr const char* kCommonSection = "study";

bool is_common(const Option& option) { return option.commands == "*"; }

po::options_description describe(const std::string& command) {
  po::options_description description;
  for (const auto& option : option_table()) {
    if (!takes(command, option)) continue;
    auto* value = po::value<std::string>();
    if (option.type == OptionType::flag) value->implicit_value("true");
    description.add_options()(std::string(option.name).c_str(), value);
  }
  description.add_options()("word", po::value<std::vector<std::string>>());
  return description;
}

// The sections of the file with their keys; also those that hold no key, which boost does not report.
std::set<std::string> sections_of(const std::string& text) {
  std::set<std::string> sections;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto open = line.find_first_not_of(" \t");
    const auto close = line.find(']');
    if (open != std::string::npos && line[open] == '[' && close != std::string::npos)
      sections.insert(line.substr(open + 1, close - open - 1));
  }
  return sections;
}

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  require(static_cast<bool>(file), "{}: this study file cannot be read", path);
  std::string text(std::size_t{1} << 20, '\0');  // a thousand times what a study needs
  file.read(text.data(), std::ssize(text));
  require(!file.bad() && file.eof(), "{}: more than 1 MiB, or a folder; this is no study file", path);
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

using Keys = std::map<std::string, std::map<std::string, std::string>>;  // section -> key -> value

Keys parse_keys(const std::string& path, const std::string& text, const std::vector<std::string>& stages) {
  Keys keys;
  for (const auto& section : sections_of(text)) {
    require(section == kCommonSection || std::find(stages.begin(), stages.end(), section) != stages.end(),
            "{}: no stage is called [{}]{}", path, section, did_you_mean(section, stages));
    keys[section];
  }
  std::istringstream stream(text);
  const auto parsed = po::parse_config_file(stream, po::options_description(), true);
  for (const auto& entry : parsed.options) {
    const auto dot = entry.string_key.find('.');
    require(dot != std::string::npos, "{}: \"{}\" stands above all sections; put it under [study] or a stage", path,
            entry.string_key);
    const std::string section = entry.string_key.substr(0, dot), key = entry.string_key.substr(dot + 1);
    keys[section][key] = entry.value.empty() ? "" : entry.value.front();
  }
  return keys;
}

// The option's name on the left, its words on the right, wrapped to the width of a terminal.
std::string help_entry(const std::string& name, const std::string& text) {
  constexpr std::size_t kIndent = 26, kWidth = 100;
  std::string entry = fmt::format("  {:<{}}", name, kIndent - 3);
  std::size_t column = entry.size();
  const auto break_line = [&] {
    entry += '\n';
    entry.append(kIndent - 1, ' ');
    column = kIndent - 1;
  };
  if (column >= kIndent) break_line();
  std::istringstream words(text);
  for (std::string word; words >> word; column += word.size() + 1) {
    if (column + 1 + word.size() > kWidth) break_line();
    entry += " " + word;
  }
  return entry + "\n";
}

void check_common(const std::string& path, const std::map<std::string, std::string>& keys) {
  for (const auto& [key, ignored] : keys)
    require(is_common(find_option("run", key)), "{}: \"{}\" belongs under a stage, not under [study]", path, key);
}

}  // namespace

void Options::set(const std::string& name, const std::string& text) {
  const Option& option = find_option(command_, name);
  if (text.empty()) {
    values_.erase(name);
    return;
  }
  check_value(option, text);
  values_[name] = text;
}

std::string Options::text(const std::string& name) const {
  const auto found = values_.find(name);
  return found != values_.end() ? found->second : std::string(find_option(command_, name).fallback);
}

std::int64_t Options::count(const std::string& name) const { return std::stoll(text(name)); }
double Options::real(const std::string& name) const { return std::stod(text(name)); }

std::vector<std::string> Options::list(const std::string& name) const {
  std::vector<std::string> parts;
  std::istringstream stream(text(name));
  for (std::string part; std::getline(stream, part, ',');)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

std::string Options::required(const std::string& name) const {
  std::string value = text(name);
  const Option& option = find_option(command_, name);
  require(!value.empty(), "{} wants --{} {}: {}", command_, name, option.value, option.help);
  return value;
}

Options parse_command_line(const std::string& command, const std::vector<std::string>& arguments) {
  Options options(command);
  const auto description = describe(command);
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
    find_option(command, name);  // throws, with the nearest name
  } catch (const po::error& error) {
    throw InvalidArgument(fmt::format("{}: {}", command, error.what()));
  }
  const bool takes_words = command == "run" || command == "weights" || command == "plan" || command == "submit";
  require(options.words.empty() || takes_words, "{} takes no \"{}\"; its options begin with --", command,
          options.words.empty() ? "" : options.words.front());
  return options;
}

std::vector<Options> read_study_file(const std::string& path, const std::vector<std::string>& stages,
                                     const Options& above) {
  return read_study_text(read_text(path), path, stages, above);
}

std::vector<Options> read_study_text(const std::string& text, const std::string& path,
                                     const std::vector<std::string>& stages, const Options& above) {
  Keys keys;
  try {
    keys = parse_keys(path, text, stages);
  } catch (const po::error& error) {
    throw InvalidArgument(fmt::format("{}: {}", path, error.what()));
  }
  check_common(path, keys[kCommonSection]);
  std::vector<Options> asked;
  for (const auto& stage : stages) {
    if (!keys.contains(stage)) continue;
    Options options(stage);
    try {
      for (const auto& [key, value] : keys[kCommonSection]) options.set(key, value);
      for (const auto& [key, value] : keys[stage]) options.set(key, value);
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(fmt::format("{}, [{}]: {}", path, stage, error.what()));
    }
    for (const auto& option : option_table())
      if (takes(stage, option) && above.given(std::string(option.name)))
        options.set(std::string(option.name), above.text(std::string(option.name)));
    asked.push_back(options);
  }
  require(!asked.empty(), "{} asks for no stage; give it sections such as [scan], [extract], [reduce], [cluster]",
          path);
  return asked;
}

std::string study_file_text(const std::vector<Options>& stages) {
  std::string out = fmt::format("[{}]\n", kCommonSection);
  constexpr std::string_view kNotKept[] = {"dry-run", "dump-config", "overwrite"};
  for (const auto& option : option_table())
    if (is_common(option) && std::find(std::begin(kNotKept), std::end(kNotKept), option.name) == std::end(kNotKept))
      out += fmt::format("{} = {}\n", option.name, stages.front().text(std::string(option.name)));
  for (const auto& stage : stages) {
    out += fmt::format("\n[{}]\n", stage.command());
    for (const auto& option : option_table())
      if (!is_common(option) && takes(stage.command(), option))
        out += fmt::format("{} = {}\n", option.name, stage.text(std::string(option.name)));
  }
  return out;
}

std::string options_help(const std::string& command) {
  std::string own, common;
  for (const auto& option : option_table()) {
    if (!takes(command, option) || (command == "run" && !is_common(option) && option.commands != command)) continue;
    const std::string value(option.type == OptionType::choice ? option.choices : option.value);
    const bool silent = option.fallback.empty() || (option.type == OptionType::flag && option.fallback == "false");
    const std::string text = std::string(option.help) + (silent ? "" : fmt::format(" [{}]", option.fallback));
    (is_common(option) ? common : own) += help_entry(fmt::format("--{} {}", option.name, value), text);
  }
  return (own.empty() ? "" : "Options [default]:\n" + own + "\n") + "Options of every command:\n" + common;
}

}  // namespace coterie
