#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "coterie/base/share_done.hpp"

namespace coterie::inline dist {

/// Tells a person how far the work is: a bar with an estimate on a terminal, a plain line every tenth of the way
/// (and at least every minute) in a log file. Writes to standard error, on the root only: other ranks stay silent.
/// The time left is that of the work so far, in proportion. One at a time.
class Progress {
 public:
  /// `total` counts units of this rank's own share, which stands for everybody's.
  Progress(bool speaks, std::string label, std::int64_t total, std::string unit);

  /// Of work that has no unit, only estimated shares.
  Progress(bool speaks, std::string label);

  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(std::int64_t done);

  /// So much of the work is done, 0 to 1. Where that is less than before, since more is known, the bar stays where it
  /// is and the time left goes by what is known.
  void reach(double share);

  /// reach(), for a computation to call; empty where this rank does not speak. This object must outlive it.
  ShareDone listener();

 private:
  void show_when_due();
  void show(bool last);

  bool speaks_, terminal_;
  std::string label_, unit_;
  std::int64_t total_, done_ = 0, shown_tenth_ = 0;
  double share_ = 0, known_ = 0;  // the most that was said, what was said last
  std::chrono::steady_clock::time_point start_, shown_;
};

/// Takes away a bar that stands on the terminal: to be called before anything else is printed. The bar comes again.
void clear_progress_bar();

/// "4 s", "3 min 20 s", "2 h 05 min", "11 d 13 h", "31 years": a duration for people.
std::string duration_text(double seconds);

}  // namespace coterie::inline dist
