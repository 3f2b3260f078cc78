#include "command/all_commands.hpp"
#include "command/program.hpp"

int main(int argc, char** argv) { return coterie::jobs::run_program(coterie::jobs::all_commands(), argc, argv); }
