#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The layout of .clang-format. One version of the tool only: others differ in details.
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
need clang-format-14
cd "$top_srcdir" || exit 99
mapfile -t files < <(source_files '*.[ch]')
check "clang-format, ${#files[@]} files" clang-format-14 --dry-run -Werror "${files[@]}"
