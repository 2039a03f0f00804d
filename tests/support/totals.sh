#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# totals.sh LOG...: print "PASSED FAILED SKIPPED" of automake test logs. Each
# single test counts once:
# - a script that printed "# totals: P F S" counts as that says;
# - a cmocka program counts each of its tests; one that was announced but
#   neither passed nor was skipped (a crash takes the rest with it) failed;
# - anything else counts as one, by what automake says of it.
# A program that failed although none of its tests did (a leak seen at exit,
# a log that is missing) adds one failure.
set -euo pipefail

result_of() { # PASS, SKIP or FAIL of one log
        local trs=${1%.log}.trs
        case $(sed -n 's/^:test-result: //p' "$trs" 2>/dev/null | tail -n 1) in
        PASS | XFAIL) echo PASS ;;
        SKIP) echo SKIP ;;
        *) echo FAIL ;;
        esac
}

count_log() {
        awk -v result="$2" '
                /^# totals: [0-9]+ [0-9]+ [0-9]+$/ { script = 1; p = $3; f = $4; s = $5 }
                /^\[==========\] .*Running [0-9]+ test\(s\)/ {
                        cmocka = 1
                        sub(/.*Running /, "")
                        announced += $1
                        inside = 1
                }
                /^\[==========\] .*test\(s\) run/ { inside = 0 } # a summary that names some again follows
                inside && /^\[       OK \] / { good++ }
                inside && /^\[  SKIPPED \] / { left_out++ }
                END {
                        if (script) {
                        } else if (cmocka) {
                                p = good
                                s = left_out
                                f = announced - good - left_out
                        } else {
                                p = result == "PASS"
                                s = result == "SKIP"
                        }
                        if (result == "FAIL" && f == 0)
                                f = 1
                        print p + 0, f + 0, s + 0
                }' "$1"
}

passed=0 failed=0 skipped=0
for log in "$@"; do
        if [ -f "$log" ]; then
                read -r p f s < <(count_log "$log" "$(result_of "$log")")
        else
                p=0 f=1 s=0
        fi
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "$passed $failed $skipped"
