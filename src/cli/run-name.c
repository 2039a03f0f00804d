/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run-name.h"
#include "config/launcher.h"

static bool is_name_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-';
}

/* Without what pins it: @1.2, ==1.2, [extra], #tag, and so on. A scope's @ stands first. */
static Span unpinned(Span s)
{
        for (size_t i = 1; i < s.len; i++)
                if (strchr("@=[<>~!;#?", s.ptr[i]) && s.ptr[i - 1] != '/')
                        return span_first(s, i);
        return s;
}

static Span last_part(Span s)
{
        while (s.len && s.ptr[s.len - 1] == '/')
                s.len--;
        for (size_t i = s.len; i > 0; i--)
                if (s.ptr[i - 1] == '/')
                        return span_skip(s, i);
        return s;
}

static Span without(Span s, Span end)
{
        return s.len > end.len && span_ends(s, end) ? span_first(s, s.len - end.len) : s;
}

static int find_package(char *const *argv, size_t n, Span *ret)
{
        CLEANUP_FREE ConfigText *args = calloc(n, sizeof(*args));
        if (!args)
                return -ENOMEM;
        for (size_t i = 1; i < n; i++)
                args[i - 1].value = argv[i];
        const ServerConfig s = {.command.value = argv[0], .args = {args, n - 1}};
        const char *package = launcher_package(&s);
        *ret = package ? unpinned(span_of(package)) : SPAN_NONE;
        return 0;
}

int run_name(char *const *argv, size_t n, char ret[static RUN_NAME_ROOM])
{
        Span from;
        int r = find_package(argv, n, &from);
        if (r < 0)
                return r;
        if (from.len == 0)
                from = span_of(argv[0]);
        from = without(without(last_part(from), SPAN(".git")), SPAN(".exe"));
        size_t k = 0;
        for (size_t i = 0; i < from.len && k < RUN_NAME_ROOM - 1; i++) {
                char c = is_name_char(from.ptr[i]) ? from.ptr[i] : '-';
                if (c != '-' || k > 0) /* none at the beginning */
                        ret[k++] = c;
        }
        while (k > 0 && ret[k - 1] == '-')
                k--;
        ret[k] = '\0';
        if (k == 0)
                memcpy(ret, "server", sizeof("server"));
        return 0;
}
