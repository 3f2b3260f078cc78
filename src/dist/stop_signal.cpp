#include "coterie/dist/stop_signal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <thread>

#include "coterie/base/errors.hpp"
#include "coterie/base/unfinished.hpp"
#include "launched.hpp"

namespace coterie::inline dist {
namespace {

struct Name {
  int number;
  const char* name;
};
constexpr std::array kSignals = {Name{SIGUSR1, "SIGUSR1"}, Name{SIGTERM, "SIGTERM"}, Name{SIGINT, "SIGINT"},
                                 Name{SIGHUP, "SIGHUP"}};

volatile std::sig_atomic_t stop_wanted = 0;
std::atomic<bool> ending = false;
std::atomic<void (*)()> clean_up_at_end = nullptr;
int to_watcher = -1;  // the end of the pipe that the handler writes to

void note(int) { stop_wanted = 1; }

void leave(int) { _exit(static_cast<int>(ExitCode::stopped)); }

// The first one counts; what comes while the process ends changes nothing.
void wake(int signal) {
  if (ending.exchange(true)) return;
  const int error = errno;
  const auto byte = static_cast<unsigned char>(signal);
  if (write(to_watcher, &byte, 1) != 1) leave(signal);
  errno = error;
}

void end(int signal) {
  remove_unfinished();
  if (void (*last)() = clean_up_at_end.load()) last();
  if (speaks_for_all()) {
    const char* name = "a signal";
    for (const auto& each : kSignals)
      if (each.number == signal) name = each.name;
    std::fprintf(
        stderr,
        "coterie: stopped by %s. What was finished stays, and what was unfinished is removed: the same command "
        "goes on from there\n",
        name);
    std::fflush(nullptr);
  }
  Communicator::end_quietly(static_cast<int>(ExitCode::stopped));
  leave(signal);
}

void watch(int from) {
  unsigned char signal = 0;
  while (read(from, &signal, 1) != 1)
    if (errno != EINTR) return;
  end(signal);
}

void install(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;  // a read that is under way goes on
  for (const auto& signal : kSignals) {
    // A shell that starts a program in the background, or nohup, may have it ignore these two.
    struct sigaction before {};
    sigaction(signal.number, nullptr, &before);
    const bool ignored = (signal.number == SIGINT || signal.number == SIGHUP) && before.sa_handler == SIG_IGN;
    if (!ignored) sigaction(signal.number, &action, nullptr);
  }
}

}  // namespace

void StopSignal::end_at_once() {
  if (to_watcher < 0) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return install(leave);
    to_watcher = ends[1];
    std::thread(watch, ends[0]).detach();
  }
  install(wake);
}

void StopSignal::remember() { install(note); }

void StopSignal::end_silently() { install(leave); }

void StopSignal::before_end(void (*clean_up)()) { clean_up_at_end = clean_up; }

void StopSignal::wait_if_ending() {
  while (ending) pause();
}

bool StopSignal::seen_here() { return stop_wanted != 0; }

}  // namespace coterie::inline dist
