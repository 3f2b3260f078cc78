#pragma once

#include "coterie/dist/communicator.hpp"

namespace coterie {

/// Remembers SIGUSR1 and SIGTERM, which Slurm sends before a time limit, instead of dying of them.
class StopSignal {
 public:
  /// Installs the handlers for the whole process; they stay.
  static void install();

  /// Whether this rank was told to stop. Local: make it everybody's decision before acting on it.
  static bool seen_here();

  /// Whether any rank was told to stop. Collective.
  static bool seen(const Communicator& comm) { return comm.any(seen_here()); }
};

}  // namespace coterie
