#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# dist-check.sh SRCDIR DISTDIR: fail when the tarball would not hold the same
# files as the clone. Outside of a clone there is nothing to compare with.
set -euo pipefail
srcdir=$1 distdir=$2
[ -e "$srcdir/.git" ] || exit 0

tracked=$(git -C "$srcdir" ls-files | sort) || {
        echo "dist-check: git cannot list the tracked files" >&2
        exit 1
}
status=0
while IFS= read -r f; do
        [ ! -e "$srcdir/$f" ] || [ -e "$distdir/$f" ] || {
                echo "dist-check: $f is tracked, but the tarball would not hold it" >&2
                status=1
        }
done <<<"$tracked"

# The directories that are carried whole take everything that lies in them.
for dir in .ci container contrib docs etc tests; do
        while IFS= read -r f; do
                grep -qxF -- "${f#"$distdir"/}" <<<"$tracked" || {
                        echo "dist-check: ${f#"$distdir"/} is in the tarball, but git does not know it" >&2
                        status=1
                }
        done < <(find "$distdir/$dir" -type f)
done
exit $status
