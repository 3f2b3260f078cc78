#pragma once

namespace coterie::jobs {

/// The whole program, from the command line to the exit code (base/errors.hpp). Starts and ends MPI.
int run_program(int argc, char** argv);

}  // namespace coterie::jobs
