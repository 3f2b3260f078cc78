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

bool bar_stands = false;  // on the one terminal that a program has; the main thread's alone

}  // namespace

void clear_progress_bar() {
  if (!bar_stands) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  bar_stands = false;
}

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

Progress::Progress(bool speaks, std::string label) : Progress(speaks, std::move(label), 0, "") {}

Progress::~Progress() {
  if (!speaks_ || !terminal_ || share_ <= 0) return;
  if (total_ > 0)
    show(true);
  else
    clear_progress_bar();  // the command says itself what came of it
}

void Progress::advance(std::int64_t done) {
  done_ += done;
  if (total_ > 0) reach(static_cast<double>(done_) / static_cast<double>(total_));
}

void Progress::reach(double share) {
  known_ = std::min(share, 1.0);
  share_ = std::max(share_, known_);
  if (speaks_) show_when_due();
}

ShareDone Progress::listener() {
  if (!speaks_) return {};
  return [this](double share) { reach(share); };
}

void Progress::show_when_due() {
  const auto silent = std::chrono::steady_clock::now() - shown_;
  const auto tenth = static_cast<std::int64_t>(share_ * 10);
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
  std::string text = fmt::format("{}: {:.0f} %", label_, share_ * 100);
  if (total_ > 0)
    text += fmt::format(" of {} {}, {:.1f} {}/s", total_, unit_, static_cast<double>(done_) / std::max(seconds, 1e-9),
                        unit_);
  if (known_ > 0) text += fmt::format(", {} left", duration_text(seconds / known_ - seconds));
  if (terminal_)
    fmt::print(stderr, "\r\033[K[{}] {}{}", bar(share_), text, last ? "\n" : "");
  else
    fmt::print(stderr, "{}\n", text);
  bar_stands = terminal_ && !last;
  std::fflush(stderr);
}

}  // namespace coterie::inline dist
