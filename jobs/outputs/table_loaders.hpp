#pragma once

#include <cstdint>
#include <string>

namespace coterie::jobs {

/// Scripts that load the tables of an export beside them: load.R and load.py (pandas). They take off the apostrophe
/// that tables have before what a spreadsheet would run, make labels a factor of k levels, and read what else lies
/// there.
void write_r_loader(const std::string& path, std::int64_t k);
void write_python_loader(const std::string& path, std::int64_t k);

}  // namespace coterie::jobs
