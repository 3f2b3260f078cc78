#include "command/job.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <thread>

#include "command/held_studies.hpp"
#include "command/lineage.hpp"
#include "command/manifest.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/images.hpp"
#include "coterie/base/counted.hpp"
#include "coterie/base/job_limits.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/shell_quoted.hpp"
#include "coterie/base/unicode.hpp"
#include "coterie/base/version.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/store/file_layout.hpp"

namespace coterie::jobs {
namespace {

// The cores this rank is bound to, or, where all ranks of the node may use all cores, its share of them.
int bound_cores(const Communicator& comm) {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  const int bound = sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : 1;
  const int online = static_cast<int>(std::thread::hardware_concurrency());
  if (bound * comm.local_size() <= std::max(online, 1)) return std::max(bound, 1);
  return std::max(1, std::max(online, bound) / comm.local_size());
}

// No more than the job's share of the processors allows: further threads would only wait for each other.
int usual_threads(const Communicator& comm) {
  const int cores = bound_cores(comm);
  const auto limit = processor_limit();
  if (!limit) return cores;
  return std::clamp(static_cast<int>(std::ceil(limit->amount)) / comm.local_size(), 1, cores);
}

// Where addresses are limited (ulimit -v), no more threads than they suffice for: OpenBLAS asks for its buffer again
// and again until it gets it.
int resolve_threads(std::int64_t asked, const Communicator& comm) {
  constexpr double kThreadBytes = (128 + 128 + 8) * 0x1p20;  // OpenBLAS's buffer, malloc's arena, the stack
  const int threads = asked > 0 ? static_cast<int>(asked) : usual_threads(comm);
  const auto limit = own_memory_limit();
  if (!limit || limit->amount >= threads * kThreadBytes) return threads;
  const int most = static_cast<int>(limit->amount / kThreadBytes);
  if (asked == 0 && most >= 1) return most;
  throw InvalidArgument(fmt::format(
      "{} leaves this process {:.0f} MiB of addresses, and each thread may want {:.0f}: raise the limit (ulimit -v "
      "unlimited){}",
      limit->by, limit->amount / 0x1p20, kThreadBytes / 0x1p20,
      most >= 1 ? fmt::format(", or ask for --threads {}", most) : ""));
}

// Half of what the node's ranks may hold together, shared out, and of what this one may.
std::int64_t resolve_memory(const std::string& asked, const Communicator& comm) {
  if (asked != "auto") return parse_size(asked);
  double bytes = memory_limit().amount / 2 / comm.local_size();
  if (const auto own = own_memory_limit()) bytes = std::min(bytes, own->amount / 2);
  return static_cast<std::int64_t>(bytes);
}

// What writes elsewhere wants nothing of a study but to read it: one that is read-only serves.
bool leaves_study_alone(const Job& job) {
  if (!job.command.options.takes("to") || !job.options.given("to")) return false;
  bool alone = false;
  job.comm.on_root([&] {
    const char* folder = job.study.folder().c_str();
    alone = access(folder, F_OK) == 0 && access(folder, W_OK) != 0;
    if (alone)
      job.say("{} may not be written to; its manifest will not tell of this {}", job.study.folder(),
              job.command.name());
  });
  job.comm.broadcast(std::span(&alone, 1));
  return alone;
}

// By the root's word: all ranks write one file.
std::int64_t resolve_alignment(const std::string& asked, const std::string& folder, const Communicator& comm) {
  if (asked != "auto") return parse_size(asked);
  std::int64_t bytes = comm.is_root() ? alignment_for(file_system_of(folder)) : 0;
  comm.broadcast(std::span(&bytes, 1));
  return bytes;
}

std::string slurm_job() { return LockHolder::here("", "").job; }
bool was_requeued() { return LockHolder::here("", "").restarts > 0; }

// "it" of "reads it, the newest of 3", and why it.
struct Default {
  std::string name, why;
};

std::string chosen_by(const Choice& choice) {
  return choice.by == "choose" ? "which you chose with coterie choose" : "which coterie select recommended";
}

Default default_of(const Job& job, const Kind& kind, const Manifest& manifest, const std::vector<std::string>& names) {
  const std::string option = fmt::format("--{}", kind.one);
  if (job.command.stage && job.command.stage->follows_choice && kind == Kind::clusterings && manifest.choice) {
    const Choice& choice = *manifest.choice;
    require(job.study.holds(kind, choice.clustering),
            "{}, which was chosen for this study, is not there any more. coterie choose names another, coterie choose "
            "--study {} --clear forgets the choice, and {} takes one this time",
            choice.clustering, shell_quoted(job.study.folder()), option);
    return {choice.clustering, fmt::format(", {} ({} takes another)", chosen_by(choice), option)};
  }
  if (names.size() == 1) return {names.front(), ""};
  const std::string newest = manifest.newest(kind, names);
  require(!newest.empty(), "{} holds {} {} and its manifest does not tell which is the newest; name one with {}: {}",
          job.study.folder(), names.size(), kind.folder, option, fmt::join(names, ", "));
  return {newest, fmt::format(", the newest of {} ({} names another)", names.size(), option)};
}

// Nothing of this kind is there: which command makes it, or how the last one was made.
[[noreturn]] void refuse_without(const Job& job, const Kind& kind) {
  const Manifest manifest = read_manifest(job.study);
  const auto last = std::find_if(manifest.generations.rbegin(), manifest.generations.rend(),
                                 [&](const auto& made) { return made.address.starts_with(Study::address(kind, "")); });
  if (last == manifest.generations.rend())
    throw InvalidArgument(fmt::format("{} holds no {} yet: run {} first", job.study.folder(), kind.folder, kind.maker));
  throw InvalidArgument(fmt::format(
      "{} holds no {} any more ({} makes them). Run, in this order:\n  {}", job.study.folder(), kind.folder, kind.maker,
      fmt::join(commands_for(job.study, job.context.commands, manifest, {last->address}), "\n  ")));
}

// What the option names, or else the default, which is said. On the root.
std::string find_artifact(const Job& job, const Kind& kind) {
  const auto names = job.study.list(kind);
  if (names.empty()) refuse_without(job, kind);
  std::string asked = job.command.options.takes(kind.one) ? job.options.text(kind.one) : "";
  if (asked.empty()) {
    const Default found = default_of(job, kind, read_manifest(job.study), names);
    job.say("reads {}{}", Study::address(kind, found.name), found.why);
    return found.name;
  }
  if (std::find(names.begin(), names.end(), asked) != names.end()) return asked;
  std::string text = fmt::format("{} holds no {} called \"{}\", only: {}{}", job.study.folder(), kind.folder, asked,
                                 fmt::join(names, ", "), did_you_mean(asked, names));
  const Manifest manifest = read_manifest(job.study);
  if (const std::string address = Study::address(kind, asked); manifest.last(address) != nullptr)
    text += fmt::format("\nIt was there once. Run, in this order:\n  {}",
                        fmt::join(commands_for(job.study, job.context.commands, manifest, {address}), "\n  "));
  throw InvalidArgument(text);
}

// The command as it was given, for the list of those that mend a study: what it made before is of another generation.
std::string this_command_again(const Job& job) {
  const std::string arguments = arguments_text(job.asked, true);
  return fmt::format("coterie {} --study {}{}{} --overwrite", job.command.name(), shell_quoted(job.study.folder()),
                     arguments.empty() ? "" : " ", arguments);
}

// Refuses what is, or was made from, another generation than what is there now.
void require_current(const Job& job, const std::vector<std::string>& addresses) {
  const Manifest manifest = read_manifest(job.study);
  const Lineage lineage = lineage_of(job.study, job.context.commands, manifest, addresses);
  const bool joins = !job.command.stage || job.command.stage->list_change == ListChange::join;
  if (lineage.current() || (joins && lineage.only(Stale::Fault::list))) return;
  refuse(job.study, job.context.commands, manifest, lineage,
         job.command.stage && job.command.stage->makes ? this_command_again(job) : "");
}

}  // namespace

void Job::speak(const std::string& line) const {
  const std::string shown = printable_lines(line);
  clear_progress_bar();
  fmt::print("{}\n", shown);
  std::fflush(stdout);
  if (dry_run() || !command.needs_study || !std::filesystem::is_directory(study.folder())) return;
  const std::string path = study.folder() + "/run.log",
                    entry = fmt::format("{}  {}: {}\n", timestamp(), command.name(), shown);
  const int log = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (log < 0) return;  // a study that may only be read keeps no log
  const ssize_t written = write(log, entry.data(), entry.size());
  static_cast<void>(written);  // the person has read it
  close(log);
}

std::string Job::take(const Kind& kind) {
  std::string name;
  comm.on_root([&] { name = find_artifact(*this, kind); });
  comm.broadcast(name);
  take(kind, std::vector{name});
  // What was taken by default is written down as if it had been asked for: the newest will be another one some day.
  if (command.options.takes(kind.one)) {
    asked.set(kind.one, name);
    options.set(kind.one, name);
  }
  return name;
}

void Job::take(const Kind& kind, const std::vector<std::string>& names) {
  std::vector<std::string> addresses;
  for (const auto& name : names) addresses.push_back(Study::address(kind, name));
  comm.on_root([&] {
    for (const auto& name : names)
      if (!study.holds(kind, name)) study.open(kind, name);  // throws, and says which command makes one
    require_current(*this, addresses);
  });
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string digest;
    comm.on_root([&] {
      const ArtifactReader artifact = study.open(kind, names[i]);
      digest = kind == Kind::images ? usable_digest(artifact) : artifact.digest();
    });
    comm.broadcast(digest);
    recipe.parent(addresses[i], digest);
  }
}

std::vector<std::int64_t> Job::chosen_ks(const std::string& clustering) {
  if (options.given("k")) return options.counts("k");
  std::int64_t k = 0;
  comm.on_root([&] {
    const auto choice = read_manifest(study).choice;
    if (!choice || choice->clustering != clustering) return;
    const auto ks = ClusteringReader(study, clustering).ks();
    require(std::find(ks.begin(), ks.end(), choice->k) != ks.end(),
            "k = {} was chosen for this study, and {} holds only k = {} now. coterie choose --study {} --clustering {} "
            "--k K chooses one of these, --clear none, and --k takes one this time",
            choice->k, clustering, fmt::join(ks, ", "), shell_quoted(study.folder()), clustering);
    if (choice->by != "choose" && study.open(Kind::clusterings, clustering).digest() != choice->content)
      return say("coterie select recommended k = {} of an earlier {}; all k are taken", choice->k, clustering);
    k = choice->k;
    say("takes k = {}, {} (--k takes others)", k, chosen_by(*choice));
  });
  comm.broadcast(std::span(&k, 1));
  if (k == 0) return {};
  asked.set("k", fmt::to_string(k));  // as of what take() takes by default
  options.set("k", fmt::to_string(k));
  return {k};
}

bool Job::overwrites(const Kind& kind, const std::string& name, const Recipe& wanted) const {
  bool again = options.flag("overwrite");
  // A job that Slurm has requeued gives the same commands from the beginning: what it has made already is made.
  if (again && was_requeued())
    comm.on_root([&] {
      const Manifest manifest = read_manifest(study);
      const Generation* last = manifest.last(Study::address(kind, name));
      again = last == nullptr || last->job != slurm_job() || last->recipe.digest() != wanted.digest();
    });
  comm.broadcast(std::span(&again, 1));
  return again;
}

bool Job::must_make(const Kind& kind, const std::string& name, const Recipe& wanted) const {
  const std::string path = study.path(kind, name);
  const bool again = overwrites(kind, name, wanted);
  bool work = false;
  comm.on_root([&] {
    const std::string way_out = command.options.takes("name")
                                    ? "Give --overwrite to replace it, or --name to keep both."
                                    : "Give --overwrite to replace it.";
    work = !is_current(path, wanted, again, way_out);
    if (work && !dry_run()) require_replaceable(path);
    if (!work) require_sound(study.open(kind, name));  // else what somebody edited would pass for what was computed
  });
  comm.broadcast(std::span(&work, 1));
  if (!work) {
    say("{} is up to date", path);
    if (!dry_run()) record(kind, name, false);
  }
  if (work && dry_run()) say("would make {}", path);
  return work && !dry_run();
}

// What was found up to date is known already, unless the command that made it was killed on its way here.
void Job::record(const Kind& kind, const std::string& name, bool made_now) const {
  comm.on_root([&] {
    const ArtifactReader artifact = study.open(kind, name);
    const std::string address = Study::address(kind, name), content = artifact.digest();
    const Manifest manifest = read_manifest(study);
    const Generation* last = manifest.last(address);
    if (!made_now && last != nullptr && last->content == content) return;
    record_generation(study, {address, content, artifact.recipe(), timestamp(), command.name(),
                              arguments_text(asked, true), slurm_job()});
  });
}

void Job::made(const Kind& kind, const std::string& name) const {
  record(kind, name, true);
  say("made {}", study.path(kind, name));
}

Job make_job(const Context& context, const Command& command, const Options& options, ThreadPool& pool,
             std::int64_t memory_bytes) {
  const std::string folder = command.options.takes("study") && options.given("study") ? options.text("study") : ".";
  Job job{context,
          command,
          options,
          settled(command, options),
          context.comm,
          pool,
          Study(folder, context.maker),
          memory_bytes,
          Recipe(command.name(), command.stage ? command.stage->revision : 1)};
  for (const auto& option : job.options.list().all())
    if (option.role == Role::result)
      if (const std::string value = job.options.canonical(std::string(option.name)); !value.empty())
        job.recipe.set(std::string(option.name), value);
  return job;
}

void run_command(const Context& context, const Command& command, const Options& options) {
  const Communicator& comm = context.comm;
  if (command.needs_study) static_cast<void>(options.required("study"));
  int threads = 1;
  comm.together([&] { threads = resolve_threads(options.count("threads"), comm); });
  ThreadPool pool(threads);
  Job job = make_job(context, command, options, pool, resolve_memory(options.text("memory"), comm));
  if (command.needs_study) comm.on_root([&] { job.study.refuse_links(places_of(context.commands)); });
  align_datasets(resolve_alignment(options.text("hdf5-alignment"), job.study.folder(), comm));
  if (command.needs_study && !command.stage)
    comm.on_root([&] {
      require(std::filesystem::is_directory(job.study.folder()), "{} is no study: there is no such folder",
              job.study.folder());
    });
  const bool writes = (command.stage || command.writes) && !job.dry_run() && !leaves_study_alone(job);
  if (writes) context.held.hold(job);
  const auto start = std::chrono::steady_clock::now();
  command.run(job);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!writes) return;
  job.say("{} took {} on {} × {}", command.name(), duration_text(seconds), counted(comm.size(), "rank"),
          counted(threads, "thread"));
  // Also after a command that found its artifact up to date: the one before may have been killed on its way here.
  comm.on_root([&] {
    job.study.link_all(kinds_of(context.commands));
    record_command(job.study, {timestamp(), command_line_text(job.asked), version(), host_name(), comm.size(), threads,
                               seconds, study_file_text({job.options})});
  });
}

}  // namespace coterie::jobs
