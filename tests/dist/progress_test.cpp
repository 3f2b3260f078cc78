#include "coterie/dist/progress.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

namespace coterie {
namespace {

/// What is written to standard error while `task` runs, when that is the file `number`, from which `from` reads. A
/// terminal passes on what was written at a time of its own, so a last character says when all has come.
std::string heard(int number, int from, const std::function<void()>& task) {
  constexpr char kEnd = '\a';
  const int before = dup(STDERR_FILENO);
  dup2(number, STDERR_FILENO);
  task();
  dup2(before, STDERR_FILENO);
  close(before);
  REQUIRE(write(number, &kEnd, 1) == 1);
  std::string text;
  for (char next = 0; read(from, &next, 1) == 1 && next != kEnd;) text += next;
  return text;
}

std::string heard_on_a_terminal(const std::function<void()>& task) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(master >= 0);
  REQUIRE(grantpt(master) == 0);
  REQUIRE(unlockpt(master) == 0);
  const int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
  REQUIRE(terminal >= 0);
  std::string text = heard(terminal, master, task);
  close(terminal);
  close(master);
  return text;
}

std::string heard_in_a_log(const std::function<void()>& task) {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  std::string text = heard(ends[1], ends[0], task);
  close(ends[0]);
  close(ends[1]);
  return text;
}

void wait(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

}  // namespace

TEST_CASE("durations read as people say them") {
  CHECK(duration_text(3.7) == "4 s");
  CHECK(duration_text(200) == "3 min 20 s");
  CHECK(duration_text(7500) == "2 h 05 min");
  CHECK(duration_text(1e6) == "11 d 13 h");
  CHECK(duration_text(1e9) == "31 years");
}

TEST_CASE("a terminal shows a bar with the time left, which gives way to other lines and leaves nothing behind") {
  const std::string text = heard_on_a_terminal([] {
    Progress progress(true, "cluster");
    const ShareDone listener = progress.listener();
    REQUIRE(listener);
    wait(0.25);
    listener(0.5);
    clear_progress_bar();
  });
  CHECK(text.find("[############............] cluster: 50 %, 0 s left") != std::string::npos);
  CHECK(text.ends_with("\r\033[K"));
  CHECK(text.find('\n') == std::string::npos);
}

TEST_CASE("what was reached is never taken back, but the time left goes by what is known now") {
  const std::string text = heard_on_a_terminal([] {
    Progress progress(true, "cluster");
    progress.reach(0.7);
    wait(0.25);
    progress.reach(0.01);
  });
  CHECK(text.find("cluster: 70 %") != std::string::npos);
  CHECK(text.find("cluster: 1 %") == std::string::npos);
  CHECK(text.find(" 0 s left") == std::string::npos);  // a hundred times what it has taken
}

TEST_CASE("a log has whole lines of work that takes seconds, and nothing of what is soon done") {
  CHECK(heard_in_a_log([] {
          Progress progress(true, "cluster");
          progress.reach(0.9);
        }).empty());
  const std::string text = heard_in_a_log([] {
    Progress progress(true, "extract", 100, "images");
    wait(2.05);
    progress.advance(50);
    progress.advance(10);
  });
  CHECK(text.starts_with("extract: 50 % of 100 images, "));
  CHECK(text.ends_with(" images/s, 2 s left\n"));
}

TEST_CASE("a rank that does not speak costs nothing and says nothing") {
  CHECK(heard_on_a_terminal([] {
          Progress progress(false, "cluster");
          CHECK_FALSE(progress.listener());
          progress.reach(0.5);
        }).empty());
}

TEST_CASE("parts of a whole lie where their costs put them") {
  double heard = -1;
  PartsDone parts([&](double share) { heard = share; }, {1, 0, 3});
  parts.part(0)(0.5);
  CHECK(heard == doctest::Approx(0.125));
  parts.part(1)(1);
  CHECK(heard == doctest::Approx(0.25));
  parts.part(2)(2);
  CHECK(heard == doctest::Approx(1));
  part_of(parts.part(2), 0.5, 1)(0);
  CHECK(heard == doctest::Approx(0.625));
  const ShareDone last = parts.part(2);
  parts.revise({1, 4, 5});
  last(0.2);
  CHECK(heard == doctest::Approx(0.6));
  CHECK_FALSE(PartsDone({}, {1}).part(0));
}

}  // namespace coterie
