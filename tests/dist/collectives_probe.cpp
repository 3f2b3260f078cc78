// For collectives_test.py: collectives that are in step, or that one mistake has brought out of step. The first
// argument names the mistake; the last rank makes it. Lines marked "here: NAME" are the ones that errors are to name.

#include <cstdio>
#include <functional>
#include <map>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/node_memory.hpp"

namespace {

using coterie::Communicator;

constexpr double kPatience = 3;  // seconds for all ranks to say what they found

// Every collective there is, with ranks that bring what may differ and agree on the rest.
void all_in_step(const Communicator& comm, bool) {
  std::vector<std::int64_t> counts(3, comm.rank());
  std::vector<double> extremes(2, comm.rank());
  std::vector<int> own(static_cast<std::size_t>(comm.rank()), 1);
  std::string text(static_cast<std::size_t>(comm.rank()), 'x');
  const int last = comm.size() - 1;
  for (int round = 0; round < 100; ++round) {
    comm.barrier();
    comm.sum(counts), comm.min(counts), comm.max(counts);
    comm.min(extremes), comm.max(extremes);
    comm.sum(1), comm.max(std::int64_t{1}), comm.max(1.0), comm.any(comm.is_root());
    comm.broadcast(std::span(counts), last);
    comm.broadcast(text, last);
    comm.gather_all(std::span<const int>(own));
    comm.together([] {});
    comm.on_root([] {});
    try {
      comm.together([&] { coterie::require(comm.rank() != last, "rank {} refuses", last); });
    } catch (const coterie::InvalidArgument&) {
    }
  }
  const coterie::NodeMemory memory(comm, 8);
  memory.publish();
}

void other_order(const Communicator& comm, bool wrong) {
  if (wrong) comm.barrier();  // here: wrong
  comm.max(0.0);              // here: right
  if (!wrong) comm.barrier();
}

void other_count(const Communicator& comm, bool wrong) {
  std::vector<std::int64_t> values(wrong ? 5 : 4);
  comm.sum(values);  // here: right wrong
}

void other_operation(const Communicator& comm, bool wrong) {
  std::vector<double> values(4);
  wrong ? comm.min(values) : comm.max(values);  // here: right wrong
}

void other_root(const Communicator& comm, bool wrong) {
  std::int64_t value = 0;
  comm.broadcast(std::span(&value, 1), wrong ? 1 : 0);  // here: right wrong
}

void other_line(const Communicator& comm, bool wrong) {
  if (wrong)
    comm.any(true);  // here: wrong
  else
    comm.any(false);  // here: right
}

void one_skipped(const Communicator& comm, bool wrong) {
  for (int round = 0; round < 3; ++round)
    if (!wrong || round != 1) comm.barrier();  // here: right
  comm.together([] {});                        // here: wrong
}

void last_skipped(const Communicator& comm, bool wrong) {
  comm.barrier();
  if (!wrong) comm.gather_all(std::span<const int>());  // here: right
}

void handle_skipped(const Communicator& comm, bool wrong) {
  if (!wrong) comm.announce("H5Dcreate");  // here: right
  comm.barrier();                          // here: wrong
}

void skipped_in_together(const Communicator& comm, bool wrong) {
  comm.together([&] {            // here: wrong
    if (!wrong) comm.barrier();  // here: right
  });
}

// Waits for a message that nobody sends: in no collective, and for ever.
void never_comes(const Communicator& comm, bool wrong) {
  comm.barrier();
  std::int64_t value = 0;
  if (wrong) comm.receive(&value, sizeof value, 0, 9);
  comm.sum(value);  // here: right
}

const std::map<std::string, void (*)(const Communicator&, bool)> kMistakes = {
    {"none", all_in_step},
    {"order", other_order},
    {"count", other_count},
    {"operation", other_operation},
    {"root", other_root},
    {"line", other_line},
    {"one-skipped", one_skipped},
    {"last-skipped", last_skipped},
    {"handle-skipped", handle_skipped},
    {"skipped-in-together", skipped_in_together},
    {"never-comes", never_comes},
};

}  // namespace

int main(int argc, char** argv) {
  const Communicator& comm = Communicator::world();
  if (argc != 2 || !kMistakes.contains(argv[1])) Communicator::abort(2);
  int code = 0;
  try {
    kMistakes.at(argv[1])(comm, comm.rank() == comm.size() - 1);
  } catch (const coterie::Error& error) {
    std::fprintf(stderr, "<rank %d> %s\n", comm.rank(), error.what());
    code = 1;
    if (!comm.all_arrive(kPatience)) Communicator::abort(code);
  }
  Communicator::finalize();  // here: end
  return code;
}
