#pragma once

#include "coterie/dist/communicator.hpp"

namespace coterie::inline dist {

/// What SIGUSR1 and SIGTERM do, which Slurm sends before a time limit, and SIGINT (Ctrl-C) and SIGHUP (a terminal that
/// was closed).
class StopSignal {
 public:
  /// From now on they end the process with exit code 75, after what is unfinished (coterie/base/unfinished.hpp) was
  /// removed and the root has said which signal came. Right wherever nothing half done would be lost: artifacts get
  /// their names only when they are complete. A thread waits for the signals, since a handler may do next to nothing.
  static void end_at_once();

  /// From now on they are remembered, so that a stage can finish the block that it is at.
  static void remember();

  /// From now on they end the process at once and say nothing: for one that is ending already.
  static void end_silently();

  /// What end_at_once() still has to do before the process ends.
  static void before_end(void (*clean_up)());

  /// Returns unless a signal ends the process just now: then it waits for that, so that nothing is said of what is
  /// missing meanwhile.
  static void wait_if_ending();

  /// Whether this rank has received such a signal since remember(). Local: make it everybody's decision before acting
  /// on it.
  static bool seen_here();
};

}  // namespace coterie::inline dist
