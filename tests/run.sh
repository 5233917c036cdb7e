#!/bin/bash
# Installs what is missing, builds everything and runs all tests: release with all of them, asan (address + undefined) with the
# unit tests and scenarios, tsan with the message box, delivery and the audit archive. Exit code 0 only where all passed.
#
#     tests/run.sh [release] [asan] [tsan]        without an argument: all three
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
jobs=$(nproc)
tests_at_once=$((jobs * 2))  # they wait for disks, timers and peers half of their time
wanted=${*:-release asan tsan}
summary=""
failed=0

# step NAME COMMAND...: runs it and notes how it ended and how long it took.
step() {
    local name=$1 start=$SECONDS
    shift
    printf '\n== %s\n' "$name"
    if "$@"; then
        summary+=$(printf '%-28s ok      %4d s' "$name" $((SECONDS - start)))$'\n'
    else
        summary+=$(printf '%-28s FAILED  %4d s' "$name" $((SECONDS - start)))$'\n'
        failed=1
        return 1
    fi
}
configure() {
    local log code=0
    log=$(mktemp)
    cmake --preset "$1" -DBUILD_TESTING=ON > "$log" 2>&1 || { code=1; cat "$log"; }
    rm -f "$log"
    return "$code"
}

step "install" packaging/install-dependencies.sh --build --quickstart --tests || { printf '%s' "$summary"; exit 1; }

if [[ " $wanted " == *" release "* ]]; then
    step "release: configure" configure release \
        && step "release: build" cmake --build --preset release -j "$jobs" \
        && step "release: fast tests" ctest --test-dir build -LE "integration|slow" -j "$tests_at_once" --output-on-failure \
        && step "release: end to end" ctest --test-dir build -L integration -LE slow -j "$tests_at_once" --output-on-failure \
        && step "release: slow tests" ctest --test-dir build -L slow -j "$tests_at_once" --output-on-failure
fi
if [[ " $wanted " == *" asan "* ]]; then
    export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
    step "asan: configure" configure asan \
        && step "asan: build" cmake --build --preset asan -j "$jobs" \
        && step "asan: unit and scenario" ctest --test-dir build-asan -L "unit|scenario|abi" -j "$tests_at_once" --output-on-failure
fi
if [[ " $wanted " == *" tsan "* ]]; then
    # Only these rooms: they hold the threads, and a whole third build would take too long.
    tsan_tests() {
        cmake --build --preset tsan -j "$jobs" --target $(ninja -C build-tsan -t targets all \
            | sed -nE 's/^((messagebox|message_box|sqlite_box|delivery|body_pump|worker_pool)[a-z_]*_test|audit_test|audit_fault_test): phony$/\1/p' | sort -u) \
            && ctest --test-dir build-tsan -R '^(messagebox|message_box|sqlite_box|delivery|body_pump|worker_pool).*_test$|^audit_(fault_)?test$' \
                -j "$jobs" --output-on-failure --no-tests=error
    }
    export TSAN_OPTIONS=halt_on_error=1
    step "tsan: configure" configure tsan && step "tsan: message box, delivery" tsan_tests
fi

printf '\n== Summary\n%s' "$summary"
[ "$failed" -eq 0 ] && echo "All passed." || echo "Something failed: see above."
exit "$failed"
