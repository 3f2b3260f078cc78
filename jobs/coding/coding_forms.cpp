#include "coding/coding_forms.hpp"

#include <algorithm>
#include <map>

#include "coterie/base/new_file.hpp"
#include "coterie/report/coding_form.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {
namespace {

constexpr int kThemeEdge = 160;  // px, of which 84 are shown: enough for a screen with small pixels
constexpr int kQuality = 85;
constexpr int kPictureEdge = 512;  // px, of forms that are made again

struct Words {
  const char *question, *guide;
};

Words words_of(CodingTask task) {
  switch (task) {
    case CodingTask::fit:
      return {"Does this image belong to the theme of the images above it?",
              "Look at the small images first and say to yourself what they have in common. Then judge the large one: "
              "it fits if it shows the same. Take \"cannot tell\" only where the image does not let you decide."};
    case CodingTask::intrusion:
      return {
          "One of these images does not belong with the others. Which one?",
          "Take the image that has least in common with the others. There always is one; guess where you see none."};
    case CodingTask::pairs:
      return {
          "How alike are these two images in what they show?",
          "Judge what is to be seen, not colours or quality. Most alike are images that you would call by one name."};
    case CodingTask::labels:
      return {"Which of these names fits the image best?", "Take the best one, even where none is perfect."};
  }
  throw Error("a coding has an unknown task");
}

/// The pictures of all forms, each drawn once.
class Pictures {
 public:
  Pictures(const RowNames& names, const ImageReader& read) : names_(names), read_(read) {}

  void draw(const std::vector<std::pair<std::int64_t, int>>& wanted, ThreadPool& pool) {
    std::vector<std::pair<const std::pair<std::int64_t, int>, std::string>*> fresh;
    for (const auto& each : wanted)
      if (const auto [place, is_new] = drawn_.try_emplace(each); is_new) fresh.push_back(&*place);
    std::vector<char> sound(fresh.size(), 1);
    pool.for_each(std::ssize(fresh), [&](std::int64_t i, int) {
      auto& [key, jpeg] = *fresh[static_cast<std::size_t>(i)];
      bool readable = true;
      jpeg = thumbnail_jpeg(read_, names_.names[static_cast<std::size_t>(key.first)], key.second, kQuality, &readable);
      sound[static_cast<std::size_t>(i)] = readable ? 1 : 0;
    });
    for (const char readable : sound) unreadable_ += readable == 0 ? 1 : 0;
  }

  const std::string& jpeg(const std::pair<std::int64_t, int>& key) const { return drawn_.at(key); }
  std::int64_t unreadable() const { return unreadable_; }

 private:
  const RowNames& names_;
  const ImageReader& read_;
  std::map<std::pair<std::int64_t, int>, std::string> drawn_;
  std::int64_t unreadable_ = 0;
};

/// Puts one coder's form together; a theme's number is that of its first item, so it says nothing of the cluster.
class FormMaker {
 public:
  FormMaker(const Coding& coding, std::int64_t adjudicator, int edge)
      : coding_(coding), adjudicator_(adjudicator), edge_(edge) {}

  CodingForm make(std::int64_t coder) {
    const Words words = words_of(coding_.task);
    const bool decides = coder == adjudicator_;
    form_ = {.title = decides ? "Image coding, form of the adjudicator"
                              : fmt::format("Image coding, form of coder {}", coder + 1),
             .token = coding_.form_token(coder),
             .file = (decides ? "adjudicator" : fmt::format("coder{}", coder + 1)) + ".csv",
             .question = words.question,
             .guide = words.guide,
             .answers = answer_texts(coding_.task),
             .choose_picture = coding_.task == CodingTask::intrusion};
    themes_.clear(), numbers_.clear(), pictures_.clear();
    for (const auto item : coding_.forms[static_cast<std::size_t>(coder)]) add(coder, item);
    return std::move(form_);
  }

  /// The row and the longest edge of each of the form's pictures.
  const std::vector<std::pair<std::int64_t, int>>& pictures() const { return pictures_; }

 private:
  std::int64_t picture(std::int64_t row, int edge) {
    const auto [place, is_new] = numbers_.try_emplace({row, edge}, std::ssize(pictures_));
    if (is_new) pictures_.emplace_back(row, edge);
    return place->second;
  }

  std::int64_t theme(std::int32_t cluster) {
    if (coding_.task != CodingTask::fit) return -1;
    const auto [place, is_new] = themes_.try_emplace(cluster, std::ssize(form_.themes));
    if (is_new) {
      CodingForm::Theme theme;
      if (!coding_.names.empty()) theme.name = coding_.names[static_cast<std::size_t>(cluster)];
      for (const auto row : coding_.references[static_cast<std::size_t>(cluster)])
        theme.pictures.push_back(picture(row, kThemeEdge));
      form_.themes.push_back(std::move(theme));
    }
    return place->second;
  }

  void add(std::int64_t coder, std::int64_t number) {
    const CodingItem& item = coding_.items[static_cast<std::size_t>(number)];
    CodingForm::Item shown{item_token(coding_.key, coder, number), {}, theme(item.cluster), {}};
    for (const auto row : item.rows) shown.pictures.push_back(picture(row, edge_));
    for (const auto cluster : item.choices)
      shown.choices.push_back(coding_.names.at(static_cast<std::size_t>(cluster)));
    form_.items.push_back(std::move(shown));
  }

  const Coding& coding_;
  std::int64_t adjudicator_;  // -1: none
  int edge_;
  CodingForm form_;
  std::map<std::int32_t, std::int64_t> themes_;
  std::map<std::pair<std::int64_t, int>, std::int64_t> numbers_;
  std::vector<std::pair<std::int64_t, int>> pictures_;
};

void write_empty_table(const CodingForm& form, const std::string& path) {
  TableFile table(path);
  table.header({"form", "token", "answer", "seconds"}, ',');
  for (const auto& item : form.items) table.line({form.token, item.token, "", ""}, ',');
  table.finish();
}

}  // namespace

std::vector<std::string> answer_texts(CodingTask task) {
  switch (task) {
    case CodingTask::fit:
      return {"fits", "does not fit", "cannot tell"};
    case CodingTask::pairs:
      return {"not alike", "somewhat alike", "very alike"};
    case CodingTask::intrusion:
    case CodingTask::labels:
      return {};
  }
  return {};
}

namespace {

std::int64_t write_forms(const Job& job, const Coding& coding, std::int64_t adjudicator, const RowNames& names,
                         const ImageReader& read, int edge, const std::string& folder) {
  Pictures pictures(names, read);
  FormMaker maker(coding, adjudicator, edge);
  for (std::int64_t coder = 0; coder < coding.coders(); ++coder) {
    if (coding.forms[static_cast<std::size_t>(coder)].empty()) continue;
    CodingForm form = maker.make(coder);
    pictures.draw(maker.pictures(), job.pool);
    for (const auto& key : maker.pictures()) form.pictures.push_back(pictures.jpeg(key));
    const std::string stem = folder + "/" + form.file.substr(0, form.file.rfind('.'));
    write_new_file(stem + ".html", coding_form_page(form));
    write_new_file(stem + "-print.html", coding_sheet_page(form));
    write_empty_table(form, stem + ".csv");
  }
  return pictures.unreadable();
}

}  // namespace

std::int64_t write_coding_forms(const Job& job, const Coding& coding, const RowNames& names, const ImageReader& read,
                                int edge, const std::string& folder) {
  return write_forms(job, coding, -1, names, read, edge, folder);
}

std::int64_t write_forms_again(const Job& job, Coding coding, const std::vector<std::int64_t>& items,
                               const RowNames& names, const ImageReader& read, const std::string& folder) {
  const std::int64_t adjudicator = coding.adjudicator();
  for (auto& form : coding.forms)
    std::erase_if(form, [&](auto item) { return !std::binary_search(items.begin(), items.end(), item); });
  coding.forms.push_back(items);
  return write_forms(job, coding, adjudicator, names, read, kPictureEdge, folder);
}

}  // namespace coterie::jobs
