#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# dist-files.sh SRCDIR DISTDIR DIR...: copy these directories of the source
# tree into the tarball: in a clone the tracked files, elsewhere what is there
# but for what a build leaves. Then, in a clone, fail when any tracked file at
# all is missing from the tarball. (EXTRA_DIST would take a directory of the
# build tree that has the same name too.)
set -euo pipefail
srcdir=$1 distdir=$2
shift 2

if [ -e "$srcdir/.git" ]; then
        list() { git -C "$srcdir" ls-files -- "$@"; }
else
        list() {
                (cd "$srcdir" && find "$@" -name .deps -prune -o -type f ! -name '*.o' ! -name '*.log' \
                        ! -name '*.trs' ! -name .dirstamp -print)
        }
fi

files=$(list "$@")
while IFS= read -r f; do
        [ -e "$srcdir/$f" ] || continue # deleted, not committed yet
        mkdir -p "$distdir/${f%/*}"
        cp -fp "$srcdir/$f" "$distdir/$f"
done <<<"$files"

[ -e "$srcdir/.git" ] || exit 0
files=$(list .)
status=0
while IFS= read -r f; do
        if [ -e "$srcdir/$f" ] && [ ! -e "$distdir/$f" ]; then
                echo "dist-files: $f is tracked, but the tarball would not hold it" >&2
                status=1
        fi
done <<<"$files"
exit $status
