#!/usr/bin/env bash
# A study as a chain of jobs, so that GPUs are held only while they compute; see usage().
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
  cat <<'TEXT'
usage: slurm/stages.sh [--dry-run] STUDY.ini [options of "coterie run"]

Submits up to three jobs, each when the one before it has succeeded: scan on CPU nodes, extract on GPU nodes, and all
further stages of the file on CPU nodes. Each is slurm/study.sbatch, so each goes on after its time limit by itself.

  --dry-run     show what would be submitted, and do nothing
  COTERIE_GPU   options of sbatch for extract   (default: --gpus-per-task=1)
  COTERIE_CPU   options of sbatch for the rest  (default: none)

    COTERIE_GPU="--partition=gpu --ntasks-per-node=4 --gpus-per-task=1 --cpus-per-task=8" \
    COTERIE_CPU="--partition=cpu --nodes=4 --time=01:00:00" slurm/stages.sh STUDY.ini
TEXT
}

fail() {
  printf 'stages.sh: %s\n' "$1" >&2
  exit 2
}

sections() { sed -nE 's/^[[:space:]]*\[([a-z]+)\].*/\1/p' "$1" | grep -vx study; }

# The words as a shell takes them, quoted where they have to be.
show() {
  local word text=''
  for word in "$@"; do
    if [[ $word =~ ^[[:alnum:]_./:=,+@%-]+$ ]]; then text+="$word "; else text+="${word@Q} "; fi
  done
  printf '%s\n' "${text% }"
}

# submit STAGES SBATCH_OPTION...: shows the line, submits it after the job before, and keeps its number for the next.
previous=''
submit() {
  local stages=$1
  shift
  local -a line=(sbatch --parsable --job-name="coterie-${stages%%,*}" "$@")
  # Without the second option a job whose predecessor failed would wait in the queue for ever.
  if [[ -n $previous ]]; then line+=(--dependency="afterok:$previous" --kill-on-invalid-dep=yes); fi
  line+=("$here/study.sbatch" "${run[@]}" --stages "$stages")
  show "${line[@]}"
  if ((dry_run)); then previous=NUMBER-OF-${stages%%,*}; else
    previous=$("${line[@]}")
    previous=${previous%%;*} # "number;cluster" where there are several clusters
    printf '  job %s\n' "$previous"
  fi
}

dry_run=0
case ${1:-} in
  --help | -h) usage; exit 0 ;;
  --dry-run) dry_run=1; shift ;;
esac
(($# >= 1)) || { usage >&2; exit 2; }
run=("$@")
[[ -r $1 ]] || fail "there is no study file $1"
stages=$(sections "$1")
grep -qx extract <<<"$stages" || fail "$1 has no [extract], and so nothing for GPUs: sbatch slurm/study.sbatch $1"
rest=$(grep -vxE 'scan|extract' <<<"$stages" | paste -sd,) || rest=''
read -ra gpu <<<"${COTERIE_GPU---gpus-per-task=1}"
read -ra cpu <<<"${COTERIE_CPU-}"

if grep -qx scan <<<"$stages"; then submit scan "${cpu[@]}"; fi
submit extract "${gpu[@]}"
if [[ -n $rest ]]; then submit "$rest" "${cpu[@]}"; fi
