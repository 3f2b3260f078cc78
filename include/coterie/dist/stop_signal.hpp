#pragma once

#include "coterie/dist/communicator.hpp"

namespace coterie::inline dist {

/// What SIGUSR1 and SIGTERM do, which Slurm sends before a time limit.
class StopSignal {
 public:
  /// From now on they end the process with exit code 75. Right wherever nothing half done would be lost: artifacts
  /// get their names only when they are complete.
  static void end_at_once();

  /// From now on they are remembered, so that a stage can finish the block in hand.
  static void remember();

  /// What end_at_once() still has to do before the process ends: called inside the signal handler, so it may only do
  /// what is safe there (signal-safety(7)).
  static void before_end(void (*clean_up)());

  /// Whether this rank was told to stop since remember(). Local: make it everybody's decision before acting on it.
  static bool seen_here();
};

}  // namespace coterie::inline dist
