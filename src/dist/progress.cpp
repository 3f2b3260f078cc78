#include "coterie/dist/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace coterie::inline dist {
namespace {

constexpr int kBarWidth = 24;

std::string bar(double share) {
  const int filled = static_cast<int>(share * kBarWidth);
  return std::string(static_cast<std::size_t>(filled), '#') +
         std::string(static_cast<std::size_t>(kBarWidth - filled), '.');
}

}  // namespace

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  if (whole < 100 * 3600) return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
  if (whole < 1000 * 86400) return fmt::format("{} d {:02} h", whole / 86400, whole % 86400 / 3600);
  return fmt::format("{} years", whole / 31'557'600);
}

Progress::Progress(bool speaks, std::string label, std::int64_t total, std::string unit)
    : speaks_(speaks),
      terminal_(isatty(STDERR_FILENO) == 1),
      label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      start_(std::chrono::steady_clock::now()),
      shown_(start_) {}

Progress::~Progress() {
  if (speaks_ && terminal_ && done_ > 0) show(true);
}

void Progress::advance(std::int64_t done) {
  done_ += done;
  if (!speaks_ || total_ <= 0) return;
  const auto silent = std::chrono::steady_clock::now() - shown_;
  const std::int64_t tenth = done_ * 10 / total_;
  const bool due = terminal_
                       ? silent > std::chrono::milliseconds(200)
                       : (tenth > shown_tenth_ && silent > std::chrono::seconds(2)) || silent > std::chrono::minutes(1);
  if (!due) return;
  shown_tenth_ = tenth;
  shown_ = std::chrono::steady_clock::now();
  show(false);
}

void Progress::show(bool last) {
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const double share =
      std::min(1.0, static_cast<double>(done_) / static_cast<double>(std::max<std::int64_t>(total_, 1)));
  const double left = share > 0 ? seconds / share - seconds : 0;
  const std::string text =
      fmt::format("{}: {:.0f} % of {} {}, {:.1f} {}/s, {} left", label_, share * 100, total_, unit_,
                  static_cast<double>(done_) / std::max(seconds, 1e-9), unit_, duration_text(left));
  if (!terminal_)
    fmt::print(stderr, "{}\n", text);
  else
    fmt::print(stderr, "\r\033[K[{}] {}{}", bar(share), text, last ? "\n" : "");
  std::fflush(stderr);
}

}  // namespace coterie::inline dist
