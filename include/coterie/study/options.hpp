#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "coterie/study/option_list.hpp"

namespace coterie::inline study {

/// The options of one command: each value that was given, from wherever, and the default of each that was not.
class Options {
 public:
  /// The list must outlive it.
  explicit Options(const OptionList& list) : list_(&list) {}

  const std::string& command() const { return list_->command(); }
  const OptionList& list() const { return *list_; }

  /// Checks the text against the list; throws InvalidArgument. An empty text is the same as none given.
  void set(const std::string& name, const std::string& text);
  bool given(const std::string& name) const { return values_.contains(name); }

  /// The value as text: given, else the default. A name that is not in the list is a mistake of ours: throws.
  std::string text(const std::string& name) const;
  bool flag(const std::string& name) const { return text(name) == "true"; }
  std::int64_t count(const std::string& name) const;
  double real(const std::string& name) const;

  /// The value in the one form of all texts that mean the same; empty where there is none, or it was left out.
  std::string canonical(const std::string& name) const;

  /// The value as text, but empty where it was left out: what a study file holds.
  std::string shown(const std::string& name) const;

  /// Beside the other options this one means nothing: it is as if it had not been given, and has no canonical form.
  void leave_out(const std::string& name);

  /// The value that was given, else `otherwise`: for options whose default depends on others.
  std::int64_t count(const std::string& name, std::int64_t otherwise) const {
    return given(name) ? count(name) : otherwise;
  }
  double real(const std::string& name, double otherwise) const { return given(name) ? real(name) : otherwise; }
  std::vector<std::int64_t> counts(const std::string& name) const {
    return text(name).empty() ? std::vector<std::int64_t>{} : parse_counts(text(name));
  }

  /// Values separated by commas; empty when not given.
  std::vector<std::string> texts(const std::string& name) const;

  /// Files separated by commas, each as FILE or NAME=FILE. A comma inside of the name of a file that exists parts
  /// nothing.
  std::vector<std::string> files(const std::string& name) const;

  /// Throws InvalidArgument that names the option when it was not given and has no default.
  std::string required(const std::string& name) const;

  /// Takes over what was given to another command and this one takes as well.
  void take_over(const Options& other);

  /// Words that belong to no option: the INI file of run, the verb and files of weights.
  std::vector<std::string> words;

 private:
  const OptionList* list_;
  std::map<std::string, std::string> values_;
  std::set<std::string> left_out_;
};

/// Reads a command line, program and command names removed. Throws InvalidArgument.
Options parse_command_line(const OptionList& list, const std::vector<std::string>& arguments);

/// The stages that an INI file asks for, in the order of `stages`, each with its options: those of [study] for
/// all, its own section's, and above both what the command line of run gave. A stage runs when its section is
/// there, even an empty one. Throws InvalidArgument naming the file for an unknown section or key.
std::vector<Options> read_study_file(const std::string& path, const std::vector<const OptionList*>& stages,
                                     const Options& above);

/// The same of a text; `name` stands for the file in messages.
std::vector<Options> read_study_text(const std::string& text, const std::string& name,
                                     const std::vector<const OptionList*>& stages, const Options& above);

/// The configuration of these stages, every option with its value but those whose role is an action; read_study_file
/// of it gives them back.
std::string study_file_text(const std::vector<Options>& stages);

}  // namespace coterie::inline study
