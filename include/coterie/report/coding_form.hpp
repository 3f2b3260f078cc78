#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace coterie::inline report {

/// What one coder is asked, without a word of which cluster or file it is. Texts may hold any bytes.
struct CodingForm {
  struct Item {
    std::string token;
    std::vector<std::int64_t> pictures;  ///< of `pictures`, in their order
    std::int64_t theme = -1;             ///< of `themes`; -1: none
    std::vector<std::string> choices;    ///< the answers of this item alone; empty: the form's
  };

  /// What a group of images is about: images of it, and a name where there is one.
  struct Theme {
    std::string name;
    std::vector<std::int64_t> pictures;
  };

  std::string title;                 ///< of the page
  std::string token;                 ///< of the form, in each line of its table
  std::string file;                  ///< what the downloaded table is called: "coder1.csv"
  std::string question;              ///< one sentence
  std::string guide;                 ///< how to answer; a few sentences
  std::vector<std::string> answers;  ///< from the first key on; empty where items have choices or pictures are chosen
  bool choose_picture = false;       ///< the answer is one of the item's pictures
  std::vector<Item> items;
  std::vector<Theme> themes;
  std::vector<std::string> pictures;  ///< JPEG files, each once
};

/// One page that needs no network: the form, worked by keyboard (1, 2, 3 ... answer, the arrows go back and forth) or
/// by pointer. Answers are kept in the browser as they are given, and downloaded as a table of form, token, answer and
/// seconds. Its script and style are named by hash in the page's Content-Security-Policy, and nothing else may run or
/// be loaded. The picture files must hold no more than pixels: they are put in as they are.
std::string coding_form_page(const CodingForm& form);

/// The same for paper: items with their tokens and boxes to tick, no script.
std::string coding_sheet_page(const CodingForm& form);

}  // namespace coterie::inline report
