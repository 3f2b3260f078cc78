#pragma once

#include "command/command.hpp"

namespace coterie::jobs {

/// What coterie can do: the stages in the order of a study, then what is about studies.
CommandList all_commands();

/// With run and what else hands options on to stages, which are made of the stages' own.
CommandList with_commands_about(const CommandList& stages);

/// run, for these stages.
Command run_command_of(const CommandList& stages);

// One function for each command, in the file of its name.
Command scan();
Command train();
Command extract();
Command import_features();
Command words();
Command codebook();
Command topics();
Command reduce();
Command embed();
Command cluster();
Command evaluate();
Command select();
Command compare();
Command assign();
Command choose();
Command montage();
Command report();
Command view();
Command export_tables();
Command code_make();
Command code_read();
Command code_report();
Command code_compare();
Command plan();
Command submit();
Command info();
Command weights();
Command verify();

}  // namespace coterie::jobs
