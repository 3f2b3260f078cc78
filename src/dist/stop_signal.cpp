#include "coterie/dist/stop_signal.hpp"

#include <csignal>

namespace coterie {
namespace {

volatile std::sig_atomic_t stop_wanted = 0;

void remember(int) { stop_wanted = 1; }

}  // namespace

void StopSignal::install() {
  struct sigaction action {};
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;  // a read that is under way goes on
  sigaction(SIGUSR1, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool StopSignal::seen_here() { return stop_wanted != 0; }

}  // namespace coterie
