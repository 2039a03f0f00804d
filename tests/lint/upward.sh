#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A call upward does not link: for each library, and for each library that its
# layer may not use, a test that links only its own layers and calls a function
# of the other must fail with an undefined reference; with the other library it
# links, so nothing else was wrong. Then the libraries themselves: none needs a
# symbol of a layer that layers.table does not allow it.
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
table=${BASH_SOURCE[0]%/*}/layers.table
need nm
: "${LINK:=cc}" "${SYSTEM_LIBS:=}"
cd "$top_builddir" || exit 99

may_use() { sed -n "s/^$1://p" "$table"; }
# All that a layer may use, and what these may use: what is linked beside it.
below() {
        local l
        for l in $(may_use "$1"); do
                echo "$l"
                below "$l"
        done | sort -u
}
defined() { nm -g --defined-only "lib$1.a" 2>/dev/null | awk 'NF == 3 && $2 ~ /[TBDR]/ { print $3 }' | sort -u; }
needed() { nm -gu "lib$1.a" 2>/dev/null | awk '$1 == "U" { print $2 }' | sort -u; }
archives() { local l; for l in "$@"; do [ -f "lib$l.a" ] && echo "lib$l.a"; done; }

# shellcheck disable=SC2046,SC2086 # flags, libraries and archives are lists of words
link_test() { # FUNCTION LAYER...: a test of these layers that calls the function
        printf 'void %s(void);\nint main(void)\n{\n        %s();\n        return 0;\n}\n' "$1" "$1" >"$tmp/test.c"
        shift
        $LINK -fno-builtin -w -o "$tmp/test" "$tmp/test.c" -Wl,--start-group $(archives "$@") -Wl,--end-group \
                $SYSTEM_LIBS >"$tmp/link.log" 2>&1
}

upward() { # LOWER UPPER
        local function
        function=$(nm -g --defined-only "lib$2.a" 2>/dev/null | awk '$2 == "T" { print $3; exit }')
        [ -n "$function" ] || return 0
        # shellcheck disable=SC2046 # a list of layers
        if link_test "$function" "$1" $(may_use "$1"); then
                fail "a test of $1 that calls $function of $2 links"
        elif ! grep -Eq "undefined (reference to|symbol:?) .?$function" "$tmp/link.log"; then
                cat "$tmp/link.log"
                fail "a test of $1 that calls $function of $2 fails for another reason"
        elif ! link_test "$function" "$1" $(may_use "$1") "$2" $(below "$2"); then
                cat "$tmp/link.log"
                fail "a test that may call $function does not link"
        else
                ok "a test of $1 cannot call $2 ($function)"
        fi
}

layers=()
for lib in lib*.a; do
        lib=${lib#lib}
        grep -q "^${lib%.a}:" "$table" && layers+=("${lib%.a}")
done
[ ${#layers[@]} -gt 1 ] || fail 'fewer than two libraries were built'

for lower in "${layers[@]}"; do
        for upper in "${layers[@]}"; do
                case " $lower $(may_use "$lower") " in
                *" $upper "*) continue ;;
                esac
                upward "$lower" "$upper"
                defined "$upper" >"$tmp/upper"
                needed "$lower" | comm -12 - "$tmp/upper" >"$tmp/both"
                [ ! -s "$tmp/both" ] || fail "lib$lower.a needs of lib$upper.a:$(sed 's/^/ /' "$tmp/both" | tr -d '\n')"
        done
done
