#!/bin/sh
# Runs fuzz targets on a copy of their corpora, and keeps what they found that covers more, minimised.
#
#     run.sh FOLDER RUNS [TARGET]...       FOLDER: where the "fuzz" preset puts them, build-fuzz/tests; default: all targets
#
# Exit code 1 where a target failed; the input is in FOLDER/crash-*. The corpora in tests/fuzz/corpus are renewed.
set -eu
[ $# -ge 2 ] || { echo "usage: run.sh FOLDER RUNS [TARGET]..." >&2; exit 64; }
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
runs=$2
shift 2
[ $# -gt 0 ] || set -- $(cd "$here" && ls ./*_fuzz.cpp | sed 's/^..//; s/_fuzz.cpp$//')
failed=0
for target in "$@"; do
    corpus=$here/corpus/$target
    work=$(mktemp -d)
    mkdir -p "$corpus" "$work/found" "$work/small"
    cp "$corpus"/* "$work/found" 2> /dev/null || true
    if "./${target}_fuzz" -runs="$runs" -max_len=1024 -timeout=300 -rss_limit_mb=2048 -print_final_stats=1 "$work/found" > "$work/log" 2>&1; then
        "./${target}_fuzz" -merge=1 -max_len=1024 "$work/small" "$work/found" > "$work/merge" 2>&1
        # What has a name was written by hand and stays; of the rest the smallest, as many as a repository should hold.
        find "$corpus" -type f -regextype posix-extended -regex '.*/[0-9a-f]{40}' -delete
        total=0
        for name in $(ls -S -r "$work/small"); do
            total=$((total + $(stat -c %s "$work/small/$name")))
            [ "$total" -ge 60000 ] || cp "$work/small/$name" "$corpus/$name"
        done
        echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log") runs," \
            "$(sed -n 's/^Done .* in \(.*\) second.*/\1/p' "$work/log") s, corpus $(ls "$corpus" | wc -l) inputs"
    else
        echo "$target: FAILED"
        tail -40 "$work/log"
        failed=1
    fi
    rm -rf "$work"
done
exit "$failed"
