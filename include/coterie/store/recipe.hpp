#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace coterie {

/// What made an artifact: enough to know whether making it again would give the same.
///
/// Its identity is the stage, the stage's revision (raised whenever a change of ours changes results), the
/// parameters and the digests of the inputs. Software versions are kept for the record and are no part of it, or
/// every rebuild of coterie would disown the work of the last.
class Recipe {
 public:
  Recipe() = default;
  Recipe(std::string stage, int revision);

  /// Values are kept as text, so that they compare and print as what they are.
  void set(const std::string& parameter, std::string value) { parameters_[parameter] = std::move(value); }
  void input(const std::string& name, std::string digest) { inputs_[name] = std::move(digest); }
  void record(const std::string& software, std::string version) { software_[software] = std::move(version); }

  const std::string& stage() const { return stage_; }
  const std::map<std::string, std::string>& parameters() const { return parameters_; }
  const std::map<std::string, std::string>& inputs() const { return inputs_; }
  const std::map<std::string, std::string>& software() const { return software_; }

  /// SHA-256 over the identity.
  std::string digest() const;

  /// "components: 32 there, 64 now", one line for each field of the identity that differs from `other`, this
  /// recipe being the one that is wanted now.
  std::vector<std::string> differences_from(const Recipe& other) const;

  /// JSON, and back; parse throws Error when the text is no recipe.
  std::string text() const;
  static Recipe parse(std::string_view text);

 private:
  std::string stage_;
  int revision_ = 0;
  std::map<std::string, std::string> parameters_, inputs_, software_;
};

}  // namespace coterie
