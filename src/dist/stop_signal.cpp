#include "coterie/dist/stop_signal.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>

#include "coterie/base/errors.hpp"

namespace coterie::inline dist {
namespace {

volatile std::sig_atomic_t stop_wanted = 0;
std::atomic<void (*)()> clean_up_at_end = nullptr;

void note(int) { stop_wanted = 1; }
void end(int) {
  if (void (*last)() = clean_up_at_end.load()) last();
  _exit(static_cast<int>(ExitCode::stopped));
}

void install(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;  // a read that is under way goes on
  sigaction(SIGUSR1, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

void StopSignal::end_at_once() { install(end); }

void StopSignal::remember() { install(note); }

void StopSignal::before_end(void (*clean_up)()) { clean_up_at_end = clean_up; }

bool StopSignal::seen_here() { return stop_wanted != 0; }

}  // namespace coterie::inline dist
