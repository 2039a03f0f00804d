/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes: a list of findings that decodes can be sorted, written in both
 * forms and sent on. Each finding in JSON is one line of valid JSON.
 */
#include <jansson.h>

#include "base/diag.h"
#include "base/utf8.h"
#include "fuzz.h"

/* Nothing that a terminal would obey: no control character but the line ends, none of C1. */
static bool is_harmless(Span s)
{
        bool harmless = utf8_valid(s);
        for (size_t i = 0; i < s.len; i++) {
                uint8_t c = (uint8_t)s.ptr[i], before = i ? (uint8_t)s.ptr[i - 1] : 0;
                harmless &= (c >= 0x20 || c == '\n') && c != 0x7f && !(before == 0xc2 && c < 0xa0);
        }
        return harmless;
}

static void check(const Diag *d)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE), json = BUF_INIT(BUF_CAP_NONE);
        FUZZ_CHECK(diag_format_text(d, false, &text) == 0 && is_harmless(buf_span(&text)));
        buf_clear(&text);
        FUZZ_CHECK(diag_format_text(d, true, &text) == 0);
        FUZZ_CHECK(diag_format_json(d, &json) == 0);
        FUZZ_CHECK(span_find(buf_span(&json), '\n') == json.len - 1);
        json_t *value = json_loadb(json.data, json.len, JSON_REJECT_DUPLICATES, NULL);
        FUZZ_CHECK(json_is_string(json_object_get(value, "message")));
        json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(diag_list_done) DiagList list, again;
        CLEANUP(buf_done) Buf first = BUF_INIT(BUF_CAP_NONE), second = BUF_INIT(BUF_CAP_NONE);
        diag_list_init(&list);
        diag_list_init(&again);
        int r = diag_list_decode(span_from((const char *)data, size), &list);
        FUZZ_CHECK(r == 0 || r == -EBADMSG);
        diag_list_sort(&list);
        for (const Diag *d = list.first; d; d = d->next)
                check(d);
        FUZZ_CHECK(diag_list_encode(&list, &first) == 0);
        FUZZ_CHECK(diag_list_decode(buf_span(&first), &again) == 0);
        FUZZ_CHECK(diag_list_encode(&again, &second) == 0);
        FUZZ_CHECK(span_equal(buf_span(&first), buf_span(&second)));
        return 0;
}
