#!/bin/sh
# planted.sh: every planted fault, as `make planted` does it, JOBS processes at once.
set -u
JOBS=${JOBS:-$(nproc)} exec nice sh tests/planted/run.sh
