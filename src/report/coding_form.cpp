#include "coterie/report/coding_form.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "coding_form_css.hpp"
#include "coding_form_js.hpp"
#include "coterie/report/html.hpp"

namespace coterie::inline report {
namespace {

std::string head(const std::string& title, const std::string& policy) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src {}; {}"
      "base-uri 'none'; form-action 'none'\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>{}</title>\n"
      "<style>{}</style>\n</head>\n<body>\n<h1>{}</h1>\n",
      hash_source(kCodingFormCss), policy, html_text(title), kCodingFormCss, html_text(title));
}

// A text may hold any bytes.
std::string json_text(const nlohmann::json& json) {
  return script_json(json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
}

nlohmann::json json_of(const CodingForm& form) {
  nlohmann::json items = nlohmann::json::array(), themes = nlohmann::json::array(), pictures = nlohmann::json::array();
  for (const auto& item : form.items)
    items.push_back(
        {{"token", item.token}, {"pictures", item.pictures}, {"theme", item.theme}, {"choices", item.choices}});
  for (const auto& theme : form.themes) themes.push_back({{"name", theme.name}, {"pictures", theme.pictures}});
  for (const auto& picture : form.pictures) pictures.push_back(base64(picture));
  return {{"token", form.token}, {"file", form.file}, {"answers", form.answers}, {"choosePicture", form.choose_picture},
          {"items", items},      {"themes", themes},  {"pictures", pictures}};
}

std::string image(const CodingForm& form, std::int64_t number, const std::string& alt) {
  return fmt::format("<img src=\"{}\" alt=\"{}\"/>\n",
                     data_uri("image/jpeg", form.pictures.at(static_cast<std::size_t>(number))), alt);
}

// With its theme where that is another one than of the item before: paper has room for it once.
std::string sheet_item(const CodingForm& form, std::size_t number) {
  const CodingForm::Item& item = form.items[number];
  const std::int64_t before = number == 0 ? -1 : form.items[number - 1].theme;
  std::string out =
      fmt::format("<div class=\"sheet\">\n<p>{}. <code>{}</code></p>\n", number + 1, html_text(item.token));
  if (item.theme >= 0 && item.theme != before) {
    const auto& theme = form.themes.at(static_cast<std::size_t>(item.theme));
    out += fmt::format("<div class=\"theme\">{}", theme.name.empty() ? "" : "Theme: " + html_text(theme.name) + " ");
    for (const auto picture : theme.pictures) out += image(form, picture, "an image of the theme");
    out += "</div>\n";
  }
  for (std::size_t i = 0; i < item.pictures.size(); ++i)
    out += (form.choose_picture ? fmt::format("{} ", i + 1) : "") +
           image(form, item.pictures[i], fmt::format("image {}", i + 1));
  std::vector<std::string> answers = item.choices.empty() ? form.answers : item.choices;
  if (form.choose_picture)
    for (std::size_t i = 0; i < item.pictures.size(); ++i) answers.push_back("image");
  out += "<p>";
  for (std::size_t i = 0; i < answers.size(); ++i)
    out += fmt::format("<span class=\"box\"></span>{} {}", i + 1, html_text(answers[i]));
  return out + "</p>\n</div>\n";
}

}  // namespace

std::string coding_form_page(const CodingForm& form) {
  return head(form.title, fmt::format("script-src {}; ", hash_source(kCodingFormJs))) +
         fmt::format(
             "<p id=\"question\">{}</p>\n<progress id=\"progress\" value=\"0\"></progress>\n"
             "<p><span id=\"count\"></span> <strong id=\"kept\"></strong></p>\n"
             "<div id=\"theme\"></div>\n<div id=\"pictures\"></div>\n<div id=\"answers\"></div>\n"
             "<p><button type=\"button\" id=\"download\">Download {}</button></p>\n"
             "<footer><p>{}</p>\n<p><kbd>1</kbd> <kbd>2</kbd> <kbd>3</kbd> … answer and go on, <kbd>←</kbd> "
             "<kbd>→</kbd> "
             "go back and forth, <kbd>D</kbd> downloads. Answers are kept in this browser on this device, and go "
             "nowhere "
             "until you download the table and send it back.</p></footer>\n"
             "<noscript><p>This form needs JavaScript; the sheet beside it is for paper.</p></noscript>\n"
             "<script type=\"application/json\" id=\"form\">{}</script>\n<script>{}</script>\n</body>\n</html>\n",
             html_text(form.question), html_text(form.file), html_text(form.guide), json_text(json_of(form)),
             kCodingFormJs);
}

std::string coding_sheet_page(const CodingForm& form) {
  std::string out =
      head(form.title, "") + fmt::format("<p class=\"question\">{}</p>\n<p>{}</p>\n<p>Form <code>{}</code></p>\n",
                                         html_text(form.question), html_text(form.guide), html_text(form.token));
  for (std::size_t i = 0; i < form.items.size(); ++i) out += sheet_item(form, i);
  return out + "</body>\n</html>\n";
}

}  // namespace coterie::inline report
