/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"
#include "mcp/name.h"

enum { HASH_BYTES = 4, HASH_TEXT = 1 + 2 * HASH_BYTES /* _ and the digits */ };

static bool is_plain(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-';
}

/* What of `s` has room, with its odd bytes replaced; notes whether that is all of it, as it was. */
static size_t put_plain(Span s, char *at, size_t room, bool *changed)
{
        size_t n = MIN(s.len, room);
        for (size_t i = 0; i < n; i++) {
                at[i] = is_plain(s.ptr[i]) ? s.ptr[i] : '_';
                *changed = *changed || at[i] != s.ptr[i];
        }
        *changed = *changed || n < s.len;
        return n;
}

static void put_hash(Span prefix, Span name, char *at)
{
        static const char digits[] = "0123456789abcdef";
        uint8_t hash[SHA256_SIZE];
        Sha256 sum;
        sha256_begin(&sum);
        sha256_add(&sum, prefix);
        sha256_add(&sum, name);
        sha256_end(&sum, hash);
        *at++ = '_';
        for (size_t i = 0; i < HASH_BYTES; i++) {
                *at++ = digits[hash[i] >> 4];
                *at++ = digits[hash[i] & 15];
        }
}

bool mcp_name_exposed(Span prefix, Span name, char ret[static MCP_NAME_SIZE])
{
        bool changed = prefix.len + name.len == 0; /* a name has at least one byte */
        size_t n = put_plain(prefix, ret, MCP_NAME_MAX, &changed);
        n += put_plain(name, ret + n, MCP_NAME_MAX - n, &changed);
        if (changed) {
                n = MIN(n, (size_t)MCP_NAME_MAX - HASH_TEXT);
                put_hash(prefix, name, ret + n);
                n += HASH_TEXT;
        }
        ret[n] = '\0';
        return changed;
}

/* Only the last '*' is ever tried again: what an earlier one could take more of, this one takes as well. */
bool mcp_glob(Span pattern, Span text)
{
        size_t p = 0, t = 0, star = SIZE_MAX, taken = 0;
        while (t < text.len) {
                if (p < pattern.len && pattern.ptr[p] == '*') {
                        star = p++;
                        taken = t;
                } else if (p < pattern.len && (pattern.ptr[p] == '?' || pattern.ptr[p] == text.ptr[t])) {
                        p++;
                        t++;
                } else if (star != SIZE_MAX) {
                        p = star + 1;
                        t = ++taken;
                } else {
                        return false;
                }
        }
        while (p < pattern.len && pattern.ptr[p] == '*')
                p++;
        return p == pattern.len;
}

static bool any_matches(const Span *patterns, size_t n, Span a, Span b)
{
        for (size_t i = 0; i < n; i++)
                if (mcp_glob(patterns[i], a) || mcp_glob(patterns[i], b))
                        return true;
        return false;
}

bool mcp_filter(const McpFilter *f, Span name)
{
        return mcp_filter_either(f, name, name);
}

bool mcp_filter_either(const McpFilter *f, Span a, Span b)
{
        return !any_matches(f->deny, f->n_deny, a, b) &&
               (!f->allow || any_matches(f->allow, f->n_allow, a, b));
}
