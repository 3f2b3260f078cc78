#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace coterie::inline dist {

/// Tells a person how far the work is: a bar with an estimate on a terminal, a plain line every tenth of the way
/// (and at least every minute) in a log file. Writes to standard error, on the root only: other ranks stay silent.
class Progress {
 public:
  /// `total` counts units of this rank's own share, which stands for everybody's.
  Progress(bool speaks, std::string label, std::int64_t total, std::string unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(std::int64_t done);

 private:
  void show(bool last);

  bool speaks_, terminal_;
  std::string label_, unit_;
  std::int64_t total_, done_ = 0, shown_tenth_ = 0;
  std::chrono::steady_clock::time_point start_, shown_;
};

/// "4 s", "3 min 20 s", "2 h 05 min", "11 d 13 h", "31 years": a duration for people.
std::string duration_text(double seconds);

}  // namespace coterie::inline dist
