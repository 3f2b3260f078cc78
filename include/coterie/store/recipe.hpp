#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::inline store {

/// What made an artifact: enough to know whether making it again would give the same, and of what generation of its
/// parents it is.
///
/// Its identity is the stage, the stage's revision (raised whenever a change of ours changes results), the
/// parameters, and the digests of the parents and the other inputs. Software versions are kept for the record and are
/// no part of it, or every rebuild of coterie would disown the work of the last.
class Recipe {
 public:
  Recipe() = default;
  Recipe(std::string stage, int revision);

  /// Values are kept as text, so that they compare and print as what they are.
  void set(const std::string& parameter, std::string value) { parameters_[parameter] = std::move(value); }
  /// An artifact of the study by its address ("features/resnet50") and the digest of its content.
  void parent(const std::string& address, std::string digest) { parents_[address] = std::move(digest); }
  /// What lies outside of the study, or only in part of an artifact: weights, an imported file, a metadata column.
  void input(const std::string& name, std::string digest) { inputs_[name] = std::move(digest); }
  void record(const std::string& software, std::string version) { software_[software] = std::move(version); }

  const std::string& stage() const { return stage_; }
  const std::map<std::string, std::string>& parameters() const { return parameters_; }
  const std::map<std::string, std::string>& parents() const { return parents_; }
  const std::map<std::string, std::string>& inputs() const { return inputs_; }
  const std::map<std::string, std::string>& software() const { return software_; }

  /// The value of a parameter; `otherwise` where the recipe has none of that name.
  std::string parameter(const std::string& name, const std::string& otherwise = "") const;

  /// SHA-256 over the identity.
  std::string digest() const;

  /// "components: 32 then, 64 now", one line for each field of the identity that differs from `other`, this recipe
  /// being the later one.
  std::vector<std::string> differences_from(const Recipe& other) const;

  /// JSON, and back; parse throws Error when the text is no recipe. It also reads recipes of versions that kept
  /// parents among the inputs ("features resnet50").
  std::string text() const;
  static Recipe parse(std::string_view text);

 private:
  std::string stage_;
  int revision_ = 0;
  std::map<std::string, std::string> parameters_, parents_, inputs_, software_;
};

}  // namespace coterie::inline store
