#pragma once

#include <map>
#include <string>

namespace coterie::jobs {

/// slurm/study.sbatch as it was when the program was built.
const std::string& study_sbatch();

/// The batch script with each "#SBATCH --KEY=" line of `directives` set to its value: a line that is there is replaced,
/// also where it is commented out with a second #; others are added below the last one. An empty value leaves a line as
/// it is. Throws InvalidArgument when the script has no #SBATCH line, or a value holds a line break.
std::string fill_batch_script(const std::string& script, const std::map<std::string, std::string>& directives);

/// "1-02:30:00", as Slurm writes a time limit; rounded up to the minute.
std::string slurm_time(double seconds);

/// Seconds of a time limit as Slurm takes it: minutes, minutes:seconds, hours:minutes:seconds, days-hours,
/// days-hours:minutes and days-hours:minutes:seconds. Throws InvalidArgument.
double slurm_seconds(const std::string& text);

}  // namespace coterie::jobs
