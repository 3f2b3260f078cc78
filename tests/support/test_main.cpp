// The main of every test program. `--ranks=R` is the promise of how many ranks there are; breaking it fails the
// run, and so does a run in which no test case was executed: doctest itself would call both a success.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "coterie/base/blas.hpp"
#include "coterie/dist/communicator.hpp"

namespace {

int cases_run = 0;

struct CaseCounter : doctest::IReporter {
  explicit CaseCounter(const doctest::ContextOptions&) {}
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_start(const doctest::TestCaseData&) override { ++cases_run; }
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  // The other ranks would wait in a collective for the one that threw: end them all, and say why.
  void test_case_exception(const doctest::TestCaseException& thrown) override {
    if (coterie::Communicator::world().size() == 1) return;
    std::fprintf(stderr, "rank %d threw: %s\n", coterie::Communicator::world().rank(), thrown.error_string.c_str());
    coterie::Communicator::abort(5);
  }
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

REGISTER_LISTENER("case_counter", 1, CaseCounter);

int promised_ranks(int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    if (std::strncmp(argv[i], "--ranks=", 8) == 0) return std::atoi(argv[i] + 8);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto& world = coterie::Communicator::world();
  coterie::use_single_threaded_blas();
  if (world.size() != promised_ranks(argc, argv)) {
    std::fprintf(stderr, "promised %d ranks, found %d\n", promised_ranks(argc, argv), world.size());
    coterie::Communicator::abort(3);
  }
  doctest::Context context(argc, argv);
  if (!world.is_root()) context.setOption("minimal", true);  // others speak only of failures
  int result = context.run();
  if (cases_run == 0 && !context.shouldExit()) {
    std::fprintf(stderr, "no test case ran\n");
    result = 4;
  }
  // A rank that failed has left collectives unanswered: the others may wait for it for ever.
  if (result != 0 && world.size() > 1) coterie::Communicator::abort(result);
  coterie::Communicator::finalize();
  return result;
}
