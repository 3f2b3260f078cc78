#include "command/program.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "command/held_studies.hpp"
#include "command/job.hpp"
#include "coterie/base/blas.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/unicode.hpp"
#include "coterie/base/version.hpp"
#include "coterie/dist/stop_signal.hpp"
#include "coterie/features/allocator.hpp"
#include "coterie/store/hdf5_end.hpp"

namespace coterie::jobs {
namespace {

// Seconds that a failed rank gives the others to fail with it, before it ends them.
constexpr double kPatience = 20;

void print_help(const CommandList& commands) {
  fmt::print(
      "coterie {}: groups large image collections without labels.\n\nUsage: coterie COMMAND --study DIR [options]\n\n",
      version());
  for (const auto& command : commands) fmt::print("  {:<14}{}\n", command.name(), command.summary);
  fmt::print(
      "\nOne machine:  coterie run configs/quickstart.ini\nSeveral ranks: mpirun -n 4 coterie ..., or srun coterie ... "
      "under Slurm\n"
      "More: coterie COMMAND --help\n");
}

void print_command_help(const Command& command) {
  fmt::print("coterie {}: {}.\n\n  {}\n\n{}", command.name(), command.summary, command.example, command.options.help());
  fmt::print("\nExit codes: 0 done, 1 failed, 2 wrong use, 75 stopped in good order: the same command goes on.\n");
}

// Of commands that are several under one word: what each does, until the second word says which.
void print_help_about(const CommandList& commands, const std::vector<std::string>& arguments) {
  const auto under = commands_under(commands, arguments.front());
  const bool one = under.empty() || (arguments.size() > 1 && !arguments[1].starts_with('-'));
  if (one) return print_command_help(find_command(commands, called_name(commands, arguments)));
  for (const auto* command : under)
    fmt::print("coterie {}: {}.\n  {}\n\n", command->name(), command->summary, command->example);
  fmt::print("coterie {} --help lists the options of each.\n", under.front()->name());
}

bool asks_for_help(const std::vector<std::string>& arguments) {
  for (const auto& argument : arguments)
    if (argument == "--help" || argument == "-h") return true;
  return false;
}

void dispatch(const std::vector<std::string>& arguments, const Context& context) {
  const Command& command = find_command(context.commands, called_name(context.commands, arguments));
  const auto words = 1 + std::count(command.name().begin(), command.name().end(), ' ');
  const Options options = parse_command_line(command.options, {arguments.begin() + words, arguments.end()});
  if (options.flag("dump-config") && command.stage) {
    if (context.comm.is_root()) fmt::print("{}", study_file_text({settled(command, options)}));
    return;
  }
  run_command(context, command, options);
}

// The one rank that speaks tells the error; a rank that fails alone ends the others.
int print_error(const Error& error, const Communicator& comm, std::optional<HeldStudies>& held) {
  const int code = static_cast<int>(error.exit_code());
  StopSignal::wait_if_ending();
  const bool alone = !comm.all_arrive(kPatience);
  if (alone || comm.is_root()) fmt::print(stderr, "coterie: {}\n", printable_lines(error.what()));
  held.reset();  // not before: until here other ranks may still write
  if (alone) Communicator::abort(code);
  const bool at_once = comm.any(hdf5_must_not_end());  // after the root has spoken: any() waits for it
  Communicator::end_quietly(code);
  if (at_once) {
    std::fflush(nullptr);
    std::_Exit(code);
  }
  return code;
}

int run(const CommandList& commands, const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front() == "--help" || arguments.front() == "-h" || arguments.front() == "help") {
    print_help(commands);
    return arguments.empty() ? static_cast<int>(ExitCode::wrong_use) : 0;
  }
  if (arguments.front() == "--version") {
    fmt::print("coterie {}\n", version());
    return 0;
  }
  if (asks_for_help(arguments)) {
    print_help_about(commands, arguments);
    return 0;
  }
  const Communicator& comm = Communicator::world();
  int code = 0;
  std::optional<HeldStudies> held(std::in_place);
  try {
    comm.together([&] { called_name(commands, arguments); });
    dispatch(arguments, {commands, comm, *held});
  } catch (const Error& error) {
    code = print_error(error, comm, held);
  }
  Communicator::finalize();
  return code;
}

}  // namespace

int run_program(const CommandList& commands, int argc, char** argv) {
#if defined(__AVX2__)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    std::fputs("coterie was built for processors with AVX2; build it with -DCOTERIE_ARCH= for this one\n", stderr);
    return static_cast<int>(ExitCode::failed);
  }
#endif
  keep_allocator();
  use_single_threaded_blas();
  setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);  // parallel file systems often refuse flock; coterie writes to new names
  StopSignal::end_at_once();
  std::signal(SIGXFSZ, SIG_IGN);  // a file over the limit of its size is an error of the write, which says what to do
  try {
    return run(commands, {argv + 1, argv + argc});
  } catch (const Error& error) {
    fmt::print(stderr, "coterie: {}\n", printable_lines(error.what()));
    return static_cast<int>(error.exit_code());
  } catch (const std::exception& error) {
    // Nobody foresaw this one, so other ranks may be waiting: end them all.
    fmt::print(stderr, "coterie: {}\n", printable_lines(explanation(error)));
    Communicator::abort(static_cast<int>(ExitCode::failed));
  }
}

}  // namespace coterie::jobs
