#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Golden configurations. Each tests/config/NNN-name.in has either NNN-name.ok,
# what `config print` makes of it, with the warnings and notes of `check` in
# NNN-name.warn if there are any; or NNN-name.err, all that `check` says about
# it. One case is one test. Runs in the build directory.
#
#     golden.sh [--update] [NAME...]
#
# --update writes the expected files of cases that changed: for people, who
# then read the difference; never for a machine.
#
# In .in files: @DIR@ the directory of the case, @LONG:N@ the letter a N times,
# @TOKEN:PREFIX@ a literal of a token's shape, @WORD:X@ X (so that no file of
# ours looks as if it held a key). Every secret of the cases contains
# "hunter2", which no output may.
set -u
: "${srcdir:=.}"
self=$(cd "$(dirname "$0")" && pwd)/golden.sh
cases=${GOLDEN_CASES:-$(cd "$srcdir/tests/config" && pwd)}
program=${GOLDEN_PROGRAM:-$(pwd)/mcpvisor}
[ -n "$cases" ] || exit 99
LC_ALL=C
export LC_ALL
export -n LC_ALL

token=hunter2hunter2hunter2hunter2hunter2hunter2hunter2
latin1=$(printf 'caf\351')

# mcpvisor in an environment that is the same everywhere.
run() {
        timeout 20 env -i PATH=/usr/bin:/bin HOME=/home/golden LC_ALL=C \
                ${ASAN_OPTIONS:+"ASAN_OPTIONS=$ASAN_OPTIONS"} ${UBSAN_OPTIONS:+"UBSAN_OPTIONS=$UBSAN_OPTIONS"} \
                GOLDEN_WORD=word GOLDEN_EMPTY= GOLDEN_SPACE="a b" GOLDEN_LEVEL=debug GOLDEN_RATE=20 \
                GOLDEN_TOKEN="$token" GOLDEN_LATIN1="$latin1" CREDENTIALS_DIRECTORY="$dir/credentials" \
                "$program" "$@" </dev/null
}

# The case as the program reads it. Files without a mark are taken byte by byte.
make_input() {
        local text n
        if ! grep -qE '@(DIR|LONG:[0-9]+|TOKEN:[^@]*|WORD:[^@]*)@' "$1"; then
                cp "$1" "$2"
                return
        fi
        text=$(sed -E "s|@DIR@|$dir|g; s/@TOKEN:([^@]*)@/\1$token/g; s/@WORD:([^@]*)@/\1/g" "$1" && echo x)
        text=${text%x}
        while [[ $text =~ @LONG:([0-9]+)@ ]]; do
                printf -v n '%*s' "${BASH_REMATCH[1]}" ''
                text=${text/"${BASH_REMATCH[0]}"/${n// /a}}
        done
        printf %s "$text" >"$2"
}

# What was put in for a mark is taken out again; the count of planned keys changes with the version.
tidy() {
        local line run
        sed -E "s|$dir|@DIR@|g; /: note: [0-9]+ keys? ha(s|ve) no effect in this version$/d" "$1" >"$1.tidy"
        if grep -qE 'a{60}' "$1.tidy"; then
                while IFS= read -r line; do
                        while [[ $line =~ a{60}a* ]]; do
                                run=${BASH_REMATCH[0]}
                                line=${line/"$run"/@LONG:${#run}@}
                        done
                        printf '%s\n' "$line"
                done <"$1.tidy" >"$1"
                rm "$1.tidy"
        else
                mv "$1.tidy" "$1"
        fi
}

problem() { echo "# $name: $*" >>"$report"; }

# same ENDING FILE: FILE is what $name.ENDING holds; no such file is an empty one.
same() {
        local want=$cases/$name.$1
        if [ "$update" = yes ]; then
                if [ -s "$2" ] || [ "$1" = ok ]; then
                        cmp -s "$2" "$want" || cp "$2" "$want"
                else
                        rm -f "$want"
                fi
                return
        fi
        [ -f "$want" ] || want=/dev/null
        diff -u --label "$name.$1" --label "it is" "$want" "$2" >>"$report" || problem "differs from $name.$1"
}

check_valid() {
        [ "$update" = yes ] && rm -f "$cases/$name.err"
        [ -e "$cases/$name.ok" ] || [ "$update" = yes ] || problem "is valid, but there is no $name.ok"
        grep -qE "^$name\.in: valid, [0-9]+ servers?, no errors(, [0-9]+ warnings?)?$" check.out ||
                problem "check says on stdout: $(cat check.out)"
        run config print "$name.in" >print.out 2>print.err || problem "print fails: $(cat print.err)"
        [ ! -s print.err ] || problem "print says on stderr: $(cat print.err)"

        cp print.out "$name.printed"
        run config print "$name.printed" >again.out 2>&1 || problem "the printed form is not valid"
        cmp -s print.out again.out || {
                problem "printing the printed form gives another one"
                diff -u print.out again.out >>"$report"
        }
        if ! grep -q '<secret:' print.out && ! grep -q 'is left out' check.err; then
                run check --planned --no-resolve --diff "$name.in" "$name.printed" >diff.out 2>&1
                grep -qvE '^[0-9]+ servers? unchanged$' diff.out &&
                        problem "the printed form means something else: $(cat diff.out)"
        fi
        tidy print.out
        same ok print.out
        same warn check.err
}

check_invalid() {
        [ "$update" = yes ] && rm -f "$cases/$name.ok" "$cases/$name.warn"
        [ -e "$cases/$name.err" ] || [ "$update" = yes ] || problem "is invalid, but there is no $name.err"
        [ ! -s check.out ] || problem "check says on stdout: $(cat check.out)"
        run config print "$name.in" >print.out 2>print.err
        local rc=$?
        [ $rc -eq 1 ] || problem "check fails, but print ends with $rc"
        [ ! -s print.out ] || problem "is printed, though it is invalid"
        tidy print.err
        sed '$d' check.err | cmp -s - print.err || problem "print says other things than check"
        same err check.err
}

# One case, in a directory of its own name. Prints its report, if it has one.
one() {
        local rc
        name=$1 report=$work/report/$1
        dir=$work/d
        mkdir "$work/run/$name" && cd "$work/run/$name" || exit 1
        : >"$report"
        make_input "$cases/$name.in" "$name.in"
        run check --planned --no-resolve "$name.in" >check.out 2>check.err
        rc=$?
        if [[ $name == 3* ]]; then # secrets
                run check --planned --no-resolve --format json "$name.in" >check.json 2>&1
                [ $? -eq $rc ] || problem "--format json has another exit status"
                run config print --format json "$name.in" >json.out 2>/dev/null
                [ $? -eq $rc ] || problem "print --format json has another exit status"
        fi
        tidy check.err
        case $rc in
        0) check_valid ;;
        1) check_invalid ;;
        *) problem "check ends with $rc: $(head -c 2000 check.err)" ;;
        esac
        sed "s|$name.in||g" check.out check.err check.json print.out print.err json.out 2>/dev/null |
                grep -q hunter2 && problem "a secret is shown"
        if [ -s "$report" ]; then
                echo "FAIL: $name"
                cat "$report"
        fi
        cd / && rm -rf "${work:?}/run/$name"
}

if [ "${1-}" = --one ]; then
        update=$GOLDEN_UPDATE work=$GOLDEN_WORK
        shift
        for case; do one "$case"; done
        exit 0
fi

update=no
if [ "${1-}" = --update ]; then
        update=yes
        shift
fi
umask 022
# Of a fixed length, so that no column depends on TMPDIR.
work=$(mktemp -d /tmp/mcpvisor-golden.XXXXXX) || exit 99
trap 'rm -rf "$work"' EXIT
mkdir "$work/d" "$work/run" "$work/report"
cp -r "$cases/files" "$cases/credentials" "$work/d"
chmod -R u+w "$work/d"

failed=0
total=0
cd "$cases" || exit 99
for file in *; do
        case $file in
        *.in) [ "$update" = yes ] || [ -e "${file%.in}.ok" ] || [ -e "${file%.in}.err" ] || {
                echo "FAIL: $file has neither .ok nor .err"
                failed=$((failed + 1))
        } ;;
        *.ok | *.err | *.warn) [ -e "${file%.*}.in" ] || {
                echo "FAIL: $file has no .in"
                failed=$((failed + 1))
        } ;;
        files | credentials) ;;
        *)
                echo "FAIL: $file is nothing that this test knows"
                failed=$((failed + 1))
                ;;
        esac
        [ -e "${file%.in}.ok" ] && [ -e "${file%.in}.err" ] && {
                echo "FAIL: ${file%.in} has both .ok and .err"
                failed=$((failed + 1))
        }
done
[ $# -gt 0 ] || set -- *.in
total=$#
[ "$total" -gt 0 ] && [ "$1" != '*.in' ] || { echo "FAIL: no cases in $cases"; exit 1; }

export GOLDEN_UPDATE=$update GOLDEN_WORK=$work GOLDEN_PROGRAM=$program GOLDEN_CASES=$cases
cd / || exit 99
printf '%s\0' "${@%.in}" | xargs -0 -n 8 -P "$(nproc 2>/dev/null || echo 2)" \
        "$BASH" "$self" --one >"$work/reports" || failed=$((failed + 1))
cat "$work/reports"
failed=$((failed + $(grep -c '^FAIL: ' "$work/reports")))
[ "$(find "$work/report" -type f | wc -l)" -eq "$total" ] || { echo "FAIL: not every case was run"; failed=$((failed + 1)); }
echo "# totals: $((total - (failed < total ? failed : total))) $failed 0"
[ $failed -eq 0 ]
