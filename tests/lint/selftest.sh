#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A lint that cannot fail proves nothing: each one is run on a small tree that
# is clean, and again with one fault in it.
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
lints=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
spdx='SPDX-License-Identifier: Apache-2.0'
tree=$tmp/tree

clean_tree() {
        rm -rf "$tree"
        mkdir -p "$tree/src/base" "$tree/src/config" "$tree/tests/lint" "$tree/tests/system" "$tree/docs"
        cp "$top_srcdir/.clang-format" "$tree/"
        cp "$lints/words.txt" "$tree/tests/lint/"
        printf '#pragma once\n/* %s */\n' "$spdx" >"$tree/src/base/macro.h"
        printf '/* %s */\n#define BANNED(f, i) no\n#define atoi(s)      BANNED(atoi, parse)\n' "$spdx" >"$tree/src/base/banned.h"
        printf '/* %s */\n#include "base/macro.h"\n\nint one(void)\n{\n        return 1;\n}\n' "$spdx" >"$tree/src/base/one.c"
        printf '#!/bin/sh\n# %s\necho a\n' "$spdx" >"$tree/tests/a.sh"
        chmod +x "$tree/tests/a.sh"
        # shellcheck disable=SC2016 # backticks of the document
        printf '<!-- %s -->\n| a | `tests/a.sh` |\n' "$spdx" >"$tree/docs/testing.md"
        protocol_tests
}

# What the table of the protocol is about: three scripts with one test each, all in the table.
protocol_tests() {
        local name
        printf '<!-- %s -->\n' "$spdx" >"$tree/docs/protocol.md"
        for name in mcp-a http-hostile crosstalk; do
                printf '# %s\n\n\ndef one():\n    pass\n\n\nmain(one)\n' "$spdx" >"$tree/tests/system/$name.py"
                # shellcheck disable=SC2016 # backticks of the document
                printf '| a | `tests/system/%s.py: one` |\n' "$name" >>"$tree/docs/protocol.md"
        done
}

run_lint() { top_srcdir=$tree bash "$lints/$1.sh" >"$tmp/out" 2>&1; }

# fault LINT FILE TEXT: the text, appended to the file, must be found by the lint.
fault() {
        clean_tree
        run_lint "$1"
        case $? in
        0) ;;
        77) skip "$1: its tool is missing" && return ;;
        *) cat "$tmp/out" && fail "$1 refuses a clean tree" && return ;;
        esac
        printf '%b' "$3" >>"$tree/$2"
        if run_lint "$1"; then
                fail "$1 does not see: $3"
        else
                ok "$1 sees a fault in $2"
        fi
}

fault layers src/base/one.c '#include "config/config.h"\n'
fault layers src/base/one.c '#include "one.h"\n'
fault layers src/stray.c ''
fault layers src/base/one.c '  #  include "cli/cli.h"\n'
fault banned src/base/one.c 'int two(const char *s)\n{\n        return atoi(s);\n}\n'
fault banned src/base/one.c "/* TO""DO: more */\n"
fault banned src/base/two.c "/* $spdx */\n"
fault banned tests/b.sh 'true\n'
fault format src/base/one.c 'int  two( void );\n'
# shellcheck disable=SC2016 # it is the fault
fault shellcheck tests/a.sh 'echo $1\n'
fault codespell src/base/one.c "/* reci""eve */\n"
fault sizes src/base/one.c "$(printf '/* line */\\n%.0s' {1..800})"
# shellcheck disable=SC2016 # backticks of the document
fault testing-table docs/testing.md '| a | `tests/b.sh` |\n'
# shellcheck disable=SC2016 # backticks of the document
fault testing-table docs/testing.md '| a | `tests/a.sh: two` |\n'
# shellcheck disable=SC2016 # backticks of the document
fault testing-table docs/protocol.md '| a | `tests/system/mcp-a.py: two` |\n'
fault testing-table tests/system/mcp-a.py 'main(one, two)\n'
fault sizes src/base/one.c "int two(void)\n{\n$(printf '        one();\\n%.0s' {1..80})        return 2;\n}\n"

# What symbols.sh looks at is built: two libraries with one function each.
library() { # FILE FUNCTION
        printf 'int %s(void);\nint %s(void)\n{\n        return 1;\n}\n' "$2" "$2" >"$tmp/libs/part.c"
        ${CC:-cc} -c -o "$tmp/libs/part.o" "$tmp/libs/part.c" && rm -f "$tmp/libs/$1" && ar rc "$tmp/libs/$1" "$tmp/libs/part.o"
}

run_symbols() { top_builddir=$tmp/libs bash "$lints/symbols.sh" >"$tmp/out" 2>&1; }

mkdir -p "$tmp/libs"
if ! library liba.a one || ! library libb.a two; then
        skip 'symbols: no library can be made'
elif ! run_symbols; then
        cat "$tmp/out"
        fail 'symbols refuses libraries that share nothing'
elif library libb.a one && run_symbols; then
        fail 'symbols does not see a function that two libraries have'
else
        ok 'symbols sees a function that two libraries have'
fi
