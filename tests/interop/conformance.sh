#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The official conformance suite. See conformance.py, which takes the same arguments.
: "${top_srcdir:=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)}"
: "${top_builddir:=$PWD}"
export top_srcdir top_builddir
exec python3 "$top_srcdir/tests/interop/conformance.py" "$@"
