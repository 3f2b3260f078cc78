#include "command/all_commands.hpp"

namespace coterie::jobs {

CommandList all_commands() {
  return with_commands_about(
      {scan(),    train(), extract(), import_features(), words(),     codebook(),  topics(),
       reduce(),  embed(), cluster(), evaluate(),        select(),    compare(),   assign(),
       montage(), view(),  report(),  export_tables(),   code_make(), code_read(), code_report()});
}

CommandList with_commands_about(const CommandList& stages) {
  CommandList commands = stages;
  commands.push_back(run_command_of(stages));
  for (Command (*command)() : {plan, submit, choose, info, weights, verify, code_compare})
    commands.push_back(command());
  return commands;
}

}  // namespace coterie::jobs
