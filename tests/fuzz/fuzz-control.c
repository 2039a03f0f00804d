/* SPDX-License-Identifier: Apache-2.0 */
/* Any line: what is accepted is within bounds, and written again in words it is the same request. */
#include "base/buf.h"
#include "control/command-table.h"
#include "fuzz.h"

static bool add_word(Buf *b, const char *word)
{
        bool fits = buf_append_str(b, " \"") == 0;
        for (; *word && fits; word++)
                fits = buf_appendf(b, "\\%c", *word) == 0;
        return fits && buf_append_char(b, '"') == 0;
}

static bool write_again(const ControlRequest *r, Buf *b)
{
        bool fits = buf_appendf(b, "%s%s%s%s", control_table[r->command].word, r->follow ? " -f" : "",
                                r->all ? " --all" : "", r->no_wait ? " --no-wait" : "") == 0;
        if (r->has_since)
                fits &= buf_appendf(b, " --since=%lld", (long long)r->since_usec) == 0;
        if (r->has_tail)
                fits &= buf_appendf(b, " --tail=%llu", (unsigned long long)r->tail) == 0;
        fits &= buf_append_str(b, " --") == 0;
        for (size_t i = 0; i < r->n_names && fits; i++)
                fits = add_word(b, r->names[i]);
        return fits;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static ControlRequest r, again;
        CLEANUP(buf_done) Buf line = BUF_INIT(CONTROL_LINE_MAX), second = BUF_INIT(BUF_CAP_NONE);
        if (memchr(data, '\0', size) || buf_append(&line, data, size) < 0)
                return 0;
        const char *wrong = control_parse(line.data, &r);
        FUZZ_CHECK(!wrong || *wrong);
        if (wrong)
                return 0;
        FUZZ_CHECK(r.command < _CONTROL_COMMAND_MAX && r.n_names < CONTROL_WORDS_MAX);
        if (r.n_names + 8 > CONTROL_WORDS_MAX || !write_again(&r, &second))
                return 0;
        FUZZ_CHECK(!control_parse(second.data, &again));
        FUZZ_CHECK(r.follow == again.follow && r.all == again.all && r.no_wait == again.no_wait);
        FUZZ_CHECK(r.command == again.command && r.has_since == again.has_since &&
                   r.has_tail == again.has_tail);
        FUZZ_CHECK(r.since_usec == again.since_usec && r.tail == again.tail && r.n_names == again.n_names);
        for (size_t i = 0; i < r.n_names; i++)
                FUZZ_CHECK(strcmp(r.names[i], again.names[i]) == 0);
        return 0;
}
