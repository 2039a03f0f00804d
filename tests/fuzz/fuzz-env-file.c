/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text: names are legal, name and value lie in the text and on one line,
 * lines are counted upward, and the end is reached.
 */
#include "config/check.h"
#include "config/env-file.h"
#include "fuzz.h"

static bool lies_in(Span part, Span whole)
{
        bool inside = part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
        return part.len == 0 || (inside && span_find(part, '\n') == part.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Span whole = span_from((const char *)data, size), rest = whole;
        uint32_t line = 0, before = 0;
        for (int r = 0; r != ENV_FILE_E_END; before = line) {
                EnvLine l = {0};
                r = env_file_next(&rest, &line, &l);
                FUZZ_CHECK(r >= 0 && r <= ENV_FILE_E_QUOTE && line <= size + 1);
                FUZZ_CHECK(r == ENV_FILE_E_END || line > before);
                FUZZ_CHECK(r || (!check_env_name(l.name) && lies_in(l.name, whole)));
                FUZZ_CHECK(r || (lies_in(l.value, whole)));
                FUZZ_CHECK(!l.escaped || span_find(l.value, '\\') < l.value.len);
        }
        return 0;
}
