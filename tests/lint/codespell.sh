#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Spelling of code, comments and documents; words.txt lists what is right although it looks wrong.
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
need codespell
cd "$top_srcdir" || exit 99
mapfile -t files < <(source_files '*.[ch]' '*.sh' '*.md' '*.am' '*.ac' '*.yaml' dev run build-id |
        grep -Ev '^tests/(.*/)?(golden|corpus|config|data)/')
check "codespell, ${#files[@]} files" codespell -I tests/lint/words.txt "${files[@]}"
