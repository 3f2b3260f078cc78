#include "command/program.hpp"

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "command/held_studies.hpp"
#include "command/job.hpp"
#include "coterie/base/blas.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/base/unicode.hpp"
#include "coterie/base/version.hpp"
#include "coterie/dist/stop_signal.hpp"
#include "coterie/features/allocator.hpp"
#include "coterie/store/hdf5_end.hpp"

namespace coterie::jobs {

const std::vector<Command>& commands() {
  static const std::vector<Command> table = {
      {"scan", "lists the images and accounts for each", scan, true, true,
       "coterie scan --study demo --images photos/"},
      {"extract", "turns images into features with a pretrained network; resumable", extract, true, true,
       "mpirun -n 2 coterie extract --study demo --backbone efficientnet_lite0"},
      {"import", "takes over features made elsewhere", import_features, false, true,
       "coterie import --study vec --file vgg.npy --names names.txt --name vgg"},
      {"reduce", "normalises the features and reduces them by principal components", reduce, true, true,
       "mpirun -n 2 coterie reduce --study demo --normalize l2 --components 32"},
      {"cluster", "groups the rows: k-means, mini-batch, Ward, Gaussian mixtures", cluster, true, true,
       "mpirun -n 2 coterie cluster --study demo --k 8,10,12 --n-init 10 --seed 1"},
      {"evaluate", "measures the clusters: silhouettes, indices, agreement with labels", evaluate, true, true,
       "mpirun -n 2 coterie evaluate --study demo --labels folder"},
      {"select", "gathers the evidence for the number of clusters, and recommends one", select, true, true,
       "mpirun -n 2 coterie select --study demo --labels folder"},
      {"compare", "compares clusterings with one another and with labels", compare, false, true,
       "coterie compare --study demo --labels folder"},
      {"assign", "gives new images to the clusters of this study", assign_images, true, true,
       "mpirun -n 2 coterie assign --study demo --k 10 --images new-photos/"},
      {"montage", "draws the images of each cluster", montage, false, true,
       "coterie montage --study demo --k 10 --preset peng"},
      {"report", "writes report/index.html, which needs no network", report, false, true,
       "coterie report --study demo"},
      {"export", "writes tables, features and folders of images", export_tables, false, true,
       "coterie export --study demo --k 10 --to demo/tables"},
      {"run", "runs the whole study that an INI file describes", run_study, true, false,
       "mpirun -n 4 coterie run configs/quickstart.ini"},
      {"plan", "foretells time, memory and disk for so many images on so many ranks", plan, true, false,
       "coterie plan configs/quickstart.ini --images photos/ --ranks 16"},
      {"submit", "works out a Slurm job for a study file, shows it, and submits it with --yes", submit, false, false,
       "coterie submit study.ini --calibration node.json --nodes 2"},
      {"info", "tells what a study holds, or what a backbone does", info, false, false, "coterie info --study demo"},
      {"weights", "checks a weight file, or turns it into a .safetensors", weights, false, false,
       "coterie weights check FILE; coterie weights convert FILE OUT.safetensors"},
      {"verify", "checks every artifact against its checksums", verify, false, false, "coterie verify --study demo"},
  };
  return table;
}

const Command& find_command(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& command : commands()) {
    if (command.name == name) return command;
    names.emplace_back(command.name);
  }
  throw InvalidArgument(
      fmt::format("coterie knows no command \"{}\"{}\ncoterie --help lists them", name, did_you_mean(name, names)));
}

std::vector<std::string> stage_names() {
  std::vector<std::string> names;
  for (const auto& command : commands())
    if (command.stage) names.emplace_back(command.name);
  return names;
}

namespace {

// Seconds that a failed rank gives the others to fail with it, before it ends them.
constexpr double kPatience = 20;

void print_help() {
  fmt::print(
      "coterie {}: groups large image collections without labels.\n\nUsage: coterie COMMAND --study DIR [options]\n\n",
      version());
  for (const auto& command : commands()) fmt::print("  {:<10}{}\n", command.name, command.summary);
  fmt::print(
      "\nOne machine:  coterie run configs/quickstart.ini\nSeveral ranks: mpirun -n 4 coterie ..., or srun coterie ... "
      "under Slurm\n"
      "More: coterie COMMAND --help\n");
}

void print_command_help(const Command& command) {
  fmt::print("coterie {}: {}.\n\n  {}\n\n{}", command.name, command.summary, command.example,
             options_help(command.name));
  fmt::print("\nExit codes: 0 done, 1 failed, 2 wrong use, 75 stopped in good order: the same command goes on.\n");
}

bool asks_for_help(const std::vector<std::string>& arguments) {
  for (const auto& argument : arguments)
    if (argument == "--help" || argument == "-h") return true;
  return false;
}

void dispatch(const std::vector<std::string>& arguments, const Communicator& comm, HeldStudies& held) {
  const Command& command = find_command(arguments.front());
  const Options options = parse_command_line(command.name, {arguments.begin() + 1, arguments.end()});
  if (options.flag("dump-config") && command.stage) {
    if (comm.is_root()) fmt::print("{}", study_file_text({options}));
    return;
  }
  if (command.run == run_study || command.run == weights || (command.run == info && !options.given("study"))) {
    ThreadPool none(1);
    Job job{options, comm, none, Study(options.given("study") ? options.text("study") : "."), 0, held};
    return command.run(job);
  }
  run_command(command, options, comm, held);
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front() == "--help" || arguments.front() == "-h" || arguments.front() == "help") {
    print_help();
    return arguments.empty() ? static_cast<int>(ExitCode::wrong_use) : 0;
  }
  if (arguments.front() == "--version") {
    fmt::print("coterie {}\n", version());
    return 0;
  }
  if (asks_for_help(arguments)) {
    print_command_help(find_command(arguments.front()));
    return 0;
  }
  const Communicator& comm = Communicator::world();
  int code = 0;
  std::optional<HeldStudies> held(std::in_place);
  try {
    comm.together([&] { find_command(arguments.front()); });
    dispatch(arguments, comm, *held);
  } catch (const Error& error) {
    code = static_cast<int>(error.exit_code());
    const bool alone = !comm.all_arrive(kPatience);
    if (alone || comm.is_root()) fmt::print(stderr, "coterie: {}\n", printable_lines(error.what()));
    held.reset();  // not before: until here other ranks may still write
    if (alone) Communicator::abort(code);
    if (comm.any(hdf5_must_not_end())) {  // after the root has spoken: any() waits for it
      std::fflush(nullptr);
      std::_Exit(code);
    }
  }
  Communicator::finalize();
  return code;
}

}  // namespace

int run_program(int argc, char** argv) {
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
  try {
    return run({argv + 1, argv + argc});
  } catch (const Error& error) {
    fmt::print(stderr, "coterie: {}\n", printable_lines(error.what()));
    return static_cast<int>(error.exit_code());
  } catch (const std::exception& error) {
    // Nobody foresaw this one, so other ranks may be waiting: end them all.
    fmt::print(stderr, "coterie: {}\n", printable_lines(error.what()));
    Communicator::abort(static_cast<int>(ExitCode::failed));
  }
}

}  // namespace coterie::jobs
