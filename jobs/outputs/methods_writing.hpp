#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coding/coding_tables.hpp"
#include "outputs/methods_text.hpp"

namespace coterie::jobs {

/// A methods text in the making: sentences, and the works that they cite.
class MethodsWriting {
 public:
  void say(const std::string& sentence);

  /// "~\cite{key}", and the work among those cited; "" of a key that is not known.
  std::string cite(std::string_view key);

  /// How many images there are, of how many that were listed.
  void images(std::int64_t used, std::int64_t listed);

  /// What people were asked of the solution, and what they said.
  void validation(const CodedStudy& study);

  /// With which software, and the end.
  MethodsText finish();

 private:
  MethodsText text_;
  std::vector<std::string_view> cited_;
};

/// The works that a network is from, cited: by the beginning of its name; where its weights were trained elsewhere,
/// also those.
std::string cite_network(MethodsWriting& writing, const std::string& backbone);

}  // namespace coterie::jobs
