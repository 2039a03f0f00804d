#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
need shellcheck
cd "$top_srcdir" || exit 99
mapfile -t files < <(source_files '*.sh' dev run build-id | xargs grep -lE '^#!.*sh$|shellcheck shell')
check "shellcheck, ${#files[@]} scripts" shellcheck -x -e SC1091 "${files[@]}"
