#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coterie::inline images {

/// One thing that is often wrong with how a list writes its paths.
struct TextRepair {
  const char* cause;                              ///< of paths: "stand in quotation marks"
  const char* edit;                               ///< of the list: "remove the quotation marks"
  std::string (*apply)(const std::string& path);  ///< the path as it was without it
  bool lists_only = false;                        ///< of a text list, not of a table
};

/// In the order in which they are to be applied.
const std::vector<TextRepair>& text_repairs();

/// How two names that are not the same bytes may yet mean the same.
enum class Spelling { other, unicode, letter_case };

/// unicode: the same letters, one time as single characters (NFC), one time as letters with marks behind them (NFD);
/// letter_case: alike but for capitals (of ASCII). Without Unicode's tables: any character stands for any letter with
/// marks, but for Korean, which is computed. So it only proposes; whether a file of the name is there decides.
Spelling compare_spelling(std::string_view a, std::string_view b);

}  // namespace coterie::inline images
