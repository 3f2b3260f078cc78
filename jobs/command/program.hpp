#pragma once

#include "command/command.hpp"

namespace coterie::jobs {

/// The whole program, from the command line to the exit code (base/errors.hpp), with these commands. Starts and ends
/// MPI.
int run_program(const CommandList& commands, int argc, char** argv);

}  // namespace coterie::jobs
