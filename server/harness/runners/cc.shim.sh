# Builds and runs test programs: every file with a `main` that is named like a test. As `build` it compiles them, as `test`
# with a file behind it runs them and reports TAP. A program's lines `PASS name` and `FAIL name` are tests of their own;
# without any, its exit code is one. Writes nothing but `.test-programs` and the report.
names='-name test_*.c -o -name *_test.c -o -name test_*.cpp -o -name *_test.cpp -o -name *_test.cc -o -name test_*.cc -o -name tests.c -o -name tests.cpp -o -name test.c -o -name test.cpp'
set -f
tests=$(find . -path './.*' -prune -o -type f \( $names \) -print | LC_ALL=C sort)
sources=$(find . -path './.*' -prune -o -type f \( -name '*.c' -o -name '*.cpp' -o -name '*.cc' \) -print | LC_ALL=C sort)
program() { echo ".test-programs/$(echo "${1#./}" | tr '/' '_')"; }
has_main() { grep -Eq '(^|[^A-Za-z0-9_])main[[:space:]]*\(' "$1"; }

# The sources a test is linked with: none if it includes one itself.
others() {
    grep -Eq '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"]*\.(c|cc|cpp)"' "$1" && return
    for source in $sources; do
        case " $tests " in *"$source"*) continue ;; esac
        has_main "$source" || echo "$source"
    done
}

build() {
    mkdir -p .test-programs
    for test in $tests; do
        has_main "$test" || continue
        linked=$(others "$test")
        compiler="c++ -std=c++17 -w"
        case "$test $linked" in *.cpp*|*.cc*) ;; *) compiler="cc -w" ;; esac
        $compiler -O0 -I. -Iinclude -Isrc -o "$(program "$test")" "$test" $linked -lm || exit 1
    done
}

run() {
    failed=0 count=0
    for test in $tests; do
        binary=$(program "$test")
        [ -x "$binary" ] || continue
        said=$("$binary" 2>&1)
        code=$?
        verdicts=$(printf '%s\n' "$said" | grep -E '^(PASS|FAIL) ')
        if [ -z "$verdicts" ]; then
            count=$((count + 1))
            if [ $code -eq 0 ]; then echo "ok $count - ${test#./}"; else echo "not ok $count - ${test#./}"; failed=1; fi
            [ $code -eq 0 ] || { echo '  ---'; printf '%s\n' "$said" | tail -n 5 | sed 's/^/  /'; echo '  ...'; }
        else
            printf '%s\n' "$verdicts" | while read -r verdict name; do
                if [ "$verdict" = PASS ]; then echo "ok - ${test#./} $name"; else echo "not ok - ${test#./} $name"; fi
            done
            count=$((count + 1))
            [ $code -eq 0 ] || failed=1
        fi
    done >"$1"
    [ $count -gt 0 ] || exit 5
    exit $failed
}

case "$0" in build) build ;; *) run "$1" ;; esac
