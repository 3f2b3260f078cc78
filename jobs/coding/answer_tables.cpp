#include "coding/answer_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <set>

#include "coterie/base/csv.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/number.hpp"

namespace coterie::jobs {
namespace {

struct Columns {
  std::size_t form, token, answer;
  std::ptrdiff_t seconds;  ///< -1: none
};

Columns columns_of(const CsvTable& table, const std::string& path) {
  const auto find = [&](const char* name) {
    return std::find(table.header.begin(), table.header.end(), name) - table.header.begin();
  };
  for (const char* name : {"form", "token", "answer"})
    if (find(name) == std::ssize(table.header))
      throw FileError(path, fmt::format("has no column \"{}\", only: {}. It should be what a form downloads, or the "
                                        "coderN.csv beside it, filled in",
                                        name, fmt::join(table.header, ", ")));
  const auto seconds = find("seconds");
  return {static_cast<std::size_t>(find("form")), static_cast<std::size_t>(find("token")),
          static_cast<std::size_t>(find("answer")), seconds == std::ssize(table.header) ? -1 : seconds};
}

class Reading {
 public:
  Reading(const Coding& coding, double fast) : coding_(coding), fast_(fast) {
    for (std::int64_t coder = 0; coder < coding.coders(); ++coder) {
      coders_[coding.form_token(coder)] = static_cast<std::int32_t>(coder);
      for (const auto item : coding.forms[static_cast<std::size_t>(coder)]) add_token(coder, item);
    }
    coders_[coding.form_token(coding.adjudicator())] = static_cast<std::int32_t>(coding.adjudicator());
    for (std::int64_t item = 0; item < std::ssize(coding.items); ++item) add_token(coding.adjudicator(), item);
    lines_.resize(static_cast<std::size_t>(coding.adjudicator() + 1));
    read_.resize(lines_.size(), false);
  }

  void read(const std::string& path) {
    file_ = std::filesystem::path(path).filename().string();
    const CsvTable table = read_csv(path);
    const Columns columns = columns_of(table, path);
    for (std::size_t row = 0; row < table.rows.size(); ++row) read_line(table, row, columns);
  }

  CodingAnswers answers(const CodingAnswers* previous) {
    require(std::find(read_.begin(), read_.end(), true) != read_.end(),
            "no line of these tables belongs to this coding: are they of another one, or was it made again since?");
    if (previous != nullptr) found_.round = previous->round + 1;
    for (std::int32_t coder = 0; coder < coding_.coders(); ++coder) {
      if (read_[static_cast<std::size_t>(coder)]) {
        for (const auto item : coding_.forms[static_cast<std::size_t>(coder)])
          if (previous == nullptr || lines_[static_cast<std::size_t>(coder)].contains(item)) take(coder, item);
        check_pace(coder);
      } else if (previous == nullptr) {
        remark("missing", coder, "", "no table of this coder was given");
      }
    }
    take_decisions();
    if (previous != nullptr) keep(*previous);
    std::stable_sort(found_.answers.begin(), found_.answers.end(), [](const auto& a, const auto& b) {
      return std::pair(a.coder, a.item) < std::pair(b.coder, b.item);
    });
    return std::move(found_);
  }

 private:
  /// One line of a table that belongs to a coder's item.
  struct Line {
    std::string where;
    std::int32_t answer;  ///< -1: none, or none that is offered
    double seconds;
  };

  void add_token(std::int64_t coder, std::int64_t item) {
    items_[item_token(coding_.key, coder, item)] = {static_cast<std::int32_t>(coder), item};
  }

  // An adjudicator is asked of what coders differ on; a line without a decision says nothing.
  void take_decisions() {
    const auto adjudicator = static_cast<std::int32_t>(coding_.adjudicator());
    for (const auto& [item, lines] : lines_[static_cast<std::size_t>(adjudicator)])
      if (std::any_of(lines.begin(), lines.end(), [](const Line& line) { return line.answer >= 0; }))
        take(adjudicator, item);
  }

  // What was not answered anew stands as it was.
  void keep(const CodingAnswers& previous) {
    std::set<std::pair<std::int32_t, std::int64_t>> anew;
    for (const auto& each : found_.answers)
      if (each.answer >= 0) anew.insert({each.coder, each.item});
    std::erase_if(found_.answers, [](const auto& each) { return each.answer < 0; });
    for (const auto& each : previous.answers)
      if (!anew.contains({each.coder, each.item})) found_.answers.push_back(each);
  }

  void remark(const char* what, std::int32_t coder, const std::string& token, std::string text) {
    found_.remarks.push_back({what, coder, token, std::move(text)});
  }

  void read_line(const CsvTable& table, std::size_t row, const Columns& columns) {
    const auto& fields = table.rows[row];
    const std::string where = fmt::format("{}, line {}", file_, table.lines[row]);
    const std::string& token = fields[columns.token];
    const auto form = coders_.find(fields[columns.form]);
    const auto item = items_.find(token);
    if (form == coders_.end()) return remark("foreign", -1, token, fmt::format("{}: of no form of this coding", where));
    if (item == items_.end() || item->second.first != form->second)
      return remark("foreign", form->second, token, fmt::format("{}: this form has no such item", where));
    const auto [coder, number] = item->second;
    read_[static_cast<std::size_t>(coder)] = true;
    Line line{where, -1, std::numeric_limits<double>::quiet_NaN()};
    float value = 0;
    if (columns.seconds >= 0 && parse_number(fields[static_cast<std::size_t>(columns.seconds)], value) && value >= 0)
      line.seconds = value;
    const std::string& answer = fields[columns.answer];
    const auto offered = static_cast<float>(offered_by(coding_.items[static_cast<std::size_t>(number)]));
    if (parse_number(answer, value) && value >= 1 && value <= offered && std::floor(value) == value)
      line.answer = static_cast<std::int32_t>(value) - 1;
    else if (!is_missing(answer))
      remark("unknown answer", coder, token,
             fmt::format("{}: \"{}\" is no answer from 1 to {}", where, answer, offered));
    lines_[static_cast<std::size_t>(coder)][number].push_back(std::move(line));
  }

  std::size_t offered_by(const CodingItem& item) const {
    if (coding_.task == CodingTask::labels) return item.choices.size();
    return static_cast<std::size_t>(answers_of(coding_.task));
  }

  void take(std::int32_t coder, std::int64_t number) {
    const std::string token = item_token(coding_.key, coder, number);
    CodingAnswers::Answer taken{coder, number, -1, std::numeric_limits<double>::quiet_NaN(), found_.round};
    std::vector<Line> given;
    for (auto& line : lines_[static_cast<std::size_t>(coder)][number])
      if (line.answer >= 0) given.push_back(std::move(line));
    if (given.empty()) {
      remark("missing", coder, token, "has no answer");
    } else {
      const bool alike = std::all_of(given.begin(), given.end(),
                                     [&](const Line& line) { return line.answer == given.front().answer; });
      if (alike) taken.answer = given.front().answer, taken.seconds = given.front().seconds;
      if (given.size() > 1)
        remark("doubled", coder, token,
               fmt::format("{} and {}: {}", given[0].where, given[1].where,
                           alike ? "the same answer, taken once" : "two answers, neither of which is taken"));
    }
    const CodingItem& item = coding_.items[static_cast<std::size_t>(number)];
    if (item.kind == ItemKind::gold && taken.answer >= 0 && taken.answer != item.right)
      remark("gold missed", coder, token,
             fmt::format("answered {}, where {} is plain", taken.answer + 1, item.right + 1));
    found_.answers.push_back(taken);
  }

  void check_pace(std::int32_t coder) {
    std::vector<double> seconds;
    for (const auto& each : found_.answers)
      if (each.coder == coder && !std::isnan(each.seconds)) seconds.push_back(each.seconds);
    if (seconds.empty()) return;
    std::sort(seconds.begin(), seconds.end());
    if (const double median = seconds[seconds.size() / 2]; median < fast_)
      remark("fast", coder, "", fmt::format("took {:.2f} s in the median, less than {} s", median, fast_));
  }

  const Coding& coding_;
  double fast_;
  std::string file_;
  std::map<std::string, std::int32_t> coders_;                          ///< token of a form -> coder
  std::map<std::string, std::pair<std::int32_t, std::int64_t>> items_;  ///< token -> coder, item
  std::vector<std::map<std::int64_t, std::vector<Line>>> lines_;        ///< of each coder: item -> its lines
  std::vector<bool> read_;                                              ///< whether a line of the coder was found
  CodingAnswers found_;
};

}  // namespace

CodingAnswers read_answer_tables(const std::vector<std::string>& paths, const Coding& coding, double fast,
                                 const CodingAnswers* previous) {
  Reading reading(coding, fast);
  for (const auto& path : paths) reading.read(path);
  return reading.answers(previous);
}

}  // namespace coterie::jobs
