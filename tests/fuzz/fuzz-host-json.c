/* SPDX-License-Identifier: Apache-2.0 */
/* A settings file that is accepted: with our entry in it, it is accepted again, has the entry, and a second
 * time changes nothing. Nothing that was there is lost. */
#include "cli/host-json.h"
#include "cli/import-json.h"
#include "fuzz.h"

static json_t *parse(Span text)
{
        CLEANUP(buf_done) Buf copy = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        json_t *root = NULL;
        FUZZ_CHECK(buf_append_span(&copy, text) == 0);
        int r = import_json(&copy, &root, &why);
        FUZZ_CHECK(r == 0 || r == IMPORT_JSON_E_INVALID);
        return r == 0 ? root : NULL;
}

/* Without our entry, both are the same. */
static void compare(json_t *before, json_t *after)
{
        json_t *servers = json_object_get(after, "s"), *old = json_object_get(before, "s");
        FUZZ_CHECK(json_is_true(json_object_get(json_object_get(servers, "m"), "x")));
        json_object_del(servers, "m");
        json_object_del(old, "m");
        if (!old)
                json_object_del(after, "s");
        FUZZ_CHECK(!before || json_equal(before, after));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(buf_done) Buf once = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(buf_done) Buf twice = BUF_INIT(BUF_CAP_NONE);
        Span text = span_from((const char *)data, size), value = SPAN("{\n  \"x\": true\n}");
        CLEANUP(import_json_done) json_t *before = parse(text);
        if (!before && span_trim(text).len)
                return 0;
        int r = host_json_merge(text, "s", "m", value, &once);
        FUZZ_CHECK(r == 0 || (r == HOST_JSON_E_UNCLEAR && before));
        if (r != 0)
                return 0;
        CLEANUP(import_json_done) json_t *after = parse(buf_span(&once));
        FUZZ_CHECK(after);
        FUZZ_CHECK(host_json_merge(buf_span(&once), "s", "m", value, &twice) == 0);
        FUZZ_CHECK(span_equal(buf_span(&once), buf_span(&twice)));
        compare(before, after);
        return 0;
}
