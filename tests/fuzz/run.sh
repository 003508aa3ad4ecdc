#!/bin/sh
# run.sh: libFuzzer on each of $TARGET for $T seconds each (60), or $RUNS executions if they come first. What it learns
# stays in $BUILD/fuzz/corpus; what it finds goes to $BUILD/fuzz/crashes. Exit status 1: something was found.
set -u
code=0
for target in $TARGET; do
	learned=$BUILD/fuzz/corpus/$target log=$BUILD/fuzz/$target.log seeds=tests/fuzz/corpus/$target
	mkdir -p "$learned" "$BUILD/fuzz/crashes" "$seeds"
	dict=; [ ! -f "tests/fuzz/$target.dict" ] || dict=-dict=tests/fuzz/$target.dict
	# Of all inputs none may take long, or much memory: a decoder that believes a length would.
	"$BUILD/fuzz/fuzzers/$target" -max_total_time="${T:-60}" -runs="${RUNS:--1}" -timeout=20 \
		-rss_limit_mb=1024 -malloc_limit_mb=64 -print_final_stats=1 -verbosity=1 \
		-artifact_prefix="$BUILD/fuzz/crashes/$target-" $dict "$learned" "$seeds" >"$log" 2>&1
	status=$?
	executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	seconds=$(sed -n 's/^Done [0-9]* runs in \([0-9]*\) second.*/\1/p' "$log")
	edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
	echo "fuzz target=$target executions=${executions:-0} seconds=${seconds:-0} edges=${edges:-0} status=$status"
	[ "$status" = 0 ] && continue
	code=1
	grep -E 'ERROR|SUMMARY|runtime error|must hold|Assertion|Failure' "$log" | head -n 5
	for file in $(sed -n 's/.*Test unit written to //p' "$log"); do
		echo "to repeat it: $BUILD/fuzz/fuzzers/$target $file"
	done
	[ "$executions" ] || echo "it says: $log"
done
exit $code
