#include "command/command.hpp"

#include <algorithm>

#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"

namespace coterie::jobs {

const Command& find_command(const CommandList& commands, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& command : commands) {
    if (command.name() == name) return command;
    names.push_back(command.name());
  }
  throw InvalidArgument(
      fmt::format("coterie knows no command \"{}\"{}\ncoterie --help lists them", name, did_you_mean(name, names)));
}

std::vector<const Command*> commands_under(const CommandList& commands, const std::string& word) {
  std::vector<const Command*> found;
  for (const auto& command : commands)
    if (command.name().starts_with(word + " ")) found.push_back(&command);
  return found;
}

std::string called_name(const CommandList& commands, const std::vector<std::string>& arguments) {
  const std::string& first = arguments.front();
  const auto under = commands_under(commands, first);
  if (under.empty()) return find_command(commands, first).name();
  std::vector<std::string> seconds;
  for (const auto* command : under) seconds.push_back(command->name().substr(first.size() + 1));
  const std::string second = arguments.size() > 1 ? arguments[1] : "";
  require(std::find(seconds.begin(), seconds.end(), second) != seconds.end(),
          "{} is one of {}, said after it{}\ncoterie {} --help tells them apart", first, fmt::join(seconds, ", "),
          did_you_mean(second, seconds), first);
  return first + " " + second;
}

std::vector<const OptionList*> stage_options(const CommandList& commands) {
  std::vector<const OptionList*> lists;
  for (const auto& command : commands)
    if (command.stage) lists.push_back(&command.options);
  return lists;
}

std::vector<Kind> kinds_of(const CommandList& commands) {
  std::vector<Kind> kinds;
  for (const auto& command : commands)
    if (command.stage && command.stage->makes &&
        std::find(kinds.begin(), kinds.end(), *command.stage->makes) == kinds.end())
      kinds.push_back(*command.stage->makes);
  return kinds;
}

std::vector<std::string> places_of(const CommandList& commands) {
  std::vector<std::string> places = {"run.log"};
  for (const auto& kind : kinds_of(commands))
    if (*kind.folder != '\0') places.emplace_back(kind.folder);
  for (const auto& command : commands)
    if (command.stage) places.insert(places.end(), command.stage->writes.begin(), command.stage->writes.end());
  return places;
}

Options settled(const Command& command, Options options) {
  if (command.stage && command.stage->settle != nullptr) command.stage->settle(options);
  return options;
}

std::string artifact_name(const Command& command, const Options& options, const std::string& parent) {
  const bool named = command.options.takes("name") && options.given("name");
  if (named || command.stage->name == nullptr) return named ? options.text("name") : parent;
  return command.stage->name(options, parent);
}

}  // namespace coterie::jobs
