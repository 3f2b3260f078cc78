# shellcheck shell=bash
# Sourced by the scripts beside it: how a step is announced, logged and, when it fails, explained.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
logs=${COTERIE_LOGS:-$root/build/logs}

say() { printf '%s\n' "$*"; }

# fail MESSAGE [EXIT_CODE]
fail() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  exit "${2:-1}"
}

# Where logs go; the first thing that any script writes.
make_logs() {
  mkdir -p "$logs" || fail "cannot write in $root: clone coterie to a folder of your own, or let COTERIE_LOGS name one for the logs" 3
}

# step NAME "what is done (how long)" "what to do if it fails" COMMAND...
# One line on the screen; all output of the command in LOGS/NAME.log. Returns the command's own exit code.
step() {
  local what=$2 remedy=$3 log=$logs/$1.log start=$SECONDS code=0
  shift 3
  make_logs
  printf '%s ... ' "$what"
  "$@" >"$log" 2>&1 || code=$?
  if ((code == 0)); then
    say "done in $((SECONDS - start)) s"
  else
    say "FAILED (exit code $code)"
    tail -n 25 "$log" | sed 's/^/    /' >&2
    printf '%s\n' "$remedy" "The whole output: $log" >&2
  fi
  return "$code"
}

# What may run at once: a compiler that reads LibTorch's headers takes about 1.5 GB.
build_jobs() {
  local cores kilobytes limit jobs
  cores=$(nproc)
  kilobytes=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
  if [[ $limit != max ]] && ((limit / 1024 < kilobytes)); then kilobytes=$((limit / 1024)); fi
  jobs=$((kilobytes / 1500000))
  if ((jobs < 1)); then jobs=1; fi
  if ((jobs > cores)); then jobs=$cores; fi
  echo "$jobs"
}

# build FOLDER TARGET...: ninja's "[12/300]" lines become one moving line on a terminal, every tenth in a log file;
# the complete output goes to LOGS/build.log.
build() {
  local folder=$1 log=$logs/build.log
  shift
  make_logs
  if ! cmake --build "$folder" --parallel "$(build_jobs)" --target "$@" 2>&1 | tee "$log" | show_build_progress; then
    grep -E -A8 'error:|FAILED:|undefined (reference|symbol)' "$log" | sed -n 1,60p >&2 || tail -n 30 "$log" >&2
    fail "the build failed; the whole output: $log"
  fi
}

show_build_progress() {
  local line shown=0 tenth
  while IFS= read -r line; do
    [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
    if [[ -t 1 ]]; then
      printf '\r  %s of %s compile and link steps ' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
      continue
    fi
    tenth=$((10 * BASH_REMATCH[1] / BASH_REMATCH[2]))
    if ((tenth > shown && BASH_REMATCH[2] >= 20)); then
      say "  ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]} compile and link steps"
      shown=$tenth
    fi
  done
  if [[ -t 1 ]]; then printf '\r\033[K'; fi
}
