#include "command/program.hpp"

int main(int argc, char** argv) { return coterie::jobs::run_program(argc, argv); }
