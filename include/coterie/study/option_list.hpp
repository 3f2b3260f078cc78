#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/study/option.hpp"

namespace coterie::inline study {

/// The options that every command takes: where its study is, threads, memory, --overwrite, --dry-run ...
std::span<const Option> common_options();

/// The options of one command: its own, the common ones, and those that it hands on.
class OptionList {
 public:
  /// `words` is what its arguments without -- are called in messages, "STUDY.ini"; empty: it takes none. `handed_on`
  /// are options of other commands that it takes for them; those that it has itself are passed over.
  explicit OptionList(std::string command, std::vector<Option> own = {}, std::string words = "",
                      const std::vector<Option>& handed_on = {});

  const std::string& command() const { return command_; }
  const std::string& words() const { return words_; }
  std::span<const Option> all() const { return all_; }
  std::span<const Option> own() const { return all().first(own_); }
  bool takes(std::string_view name) const;

  /// The option of that name; throws InvalidArgument that offers the nearest name.
  const Option& find(std::string_view name) const;

  /// Below a command's summary: its own options and the common ones with default and unit. Lines of at most 100
  /// characters.
  std::string help() const;

 private:
  std::string command_, words_;
  std::vector<Option> all_;
  std::size_t own_, shown_ = 0;
};

/// The options of all these commands, each name once: what a command takes that hands them on, as run does.
std::vector<Option> joined(const std::vector<const OptionList*>& lists);

}  // namespace coterie::inline study
