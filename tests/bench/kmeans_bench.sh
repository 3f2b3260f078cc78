#!/bin/sh
# Times k-means beside scikit-learn and FAISS in one go and prints the ratios as a Markdown table.
#
#     tests/bench/kmeans_bench.sh BUILD_DIR PYTHON [WORK_DIR]
#
# PYTHON has scikit-learn and faiss-cpu (their newest releases). Run it on a machine that does nothing else.
set -e
bench=$1/tests/bench/kmeans_bench
python=$2
work=${3:-$(mktemp -d)}
here=$(dirname "$0")
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
[ -f "$work/features_200.npy" ] || "$python" "$here/kmeans_peer.py" make "$work"
for threads in 1 2; do
  mpirun --bind-to none -n 1 "$bench" "$work" $threads >"$work/ours_$threads.json"
  OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads "$python" "$here/kmeans_peer.py" time "$work" $threads \
    >"$work/peers_$threads.json"
done
mpirun --bind-to none -n 2 "$bench" "$work" 1 >"$work/ranks_2.json"
"$python" "$here/kmeans_peer.py" table "$work"
