# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For test scripts: `. "$top_srcdir/tests/support/lib.sh"`. Each check calls ok,
# fail or skip once; at exit the counts are printed as "# totals: P F S" and
# become the exit status: 1 when one failed, 77 when all were skipped, and 1
# when nothing was tested at all. $tmp is a directory of the script's own.

set -uo pipefail
: "${top_srcdir:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
: "${top_builddir:=$PWD}"
export LC_ALL=C

passed=0 failed=0 skipped=0
tmp=$(mktemp -d "${TMPDIR:-/tmp}/mcpvisor-test.XXXXXX") || exit 99

ok() { passed=$((passed + 1)); printf 'ok: %s\n' "$*"; }
# Like ok, without a word: for scripts of hundreds of checks.
pass() { passed=$((passed + 1)); }
# The files of $fail_shows, where a script keeps what its last command said, are shown with it.
fail_shows=()
fail() {
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$*"
        [ ${#fail_shows[@]} -eq 0 ] || head -c 1500 "${fail_shows[@]}" 2>/dev/null | sed 's/^/    /'
}
skip() { skipped=$((skipped + 1)); printf 'skipped: %s\n' "$*"; }

# check NAME COMMAND...: ok when the command succeeds; its output is shown only when it does not.
check() {
        local name=$1
        shift
        if "$@" >"$tmp/.output" 2>&1; then
                ok "$name"
        else
                cat "$tmp/.output"
                fail "$name"
        fi
}

# need TOOL: the whole script is skipped when the tool is not there.
need() {
        command -v "$1" >/dev/null && return
        skip "$1 is not installed"
        exit 77
}

# source_files PATTERN...: our own files with such names, without what was built or generated.
source_files() {
        local names=() p
        for p in "$@"; do
                names+=(-o -name "$p")
        done
        (cd "$top_srcdir" && find . \( -name .git -o -name 'build*' -o -name '_build' -o -name '_inst' \
                -o -name autom4te.cache -o -name 'mcpvisor-[0-9]*' -o -name '.deps' \) -type d -prune \
                -o -type f \( "${names[@]:1}" \) -print) | sed 's,^\./,,' | sort
}

finish() {
        local status=$?
        rm -rf "$tmp"
        if [ "$status" -ne 0 ] && [ "$status" -ne 77 ] && [ "$failed" -eq 0 ]; then
                fail "the script ended with status $status"
        fi
        printf '# totals: %d %d %d\n' "$passed" "$failed" "$skipped"
        [ "$failed" -eq 0 ] || exit 1
        [ "$passed" -eq 0 ] || exit 0
        [ "$skipped" -eq 0 ] || exit 77
        echo 'nothing was tested'
        exit 1
}
trap finish EXIT
