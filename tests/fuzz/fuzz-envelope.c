/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes, beside jansson: what is taken is valid JSON for it, too, has the
 * same members with the same values, and is the kind of message that its tree
 * says; what is refused as no JSON it refuses, too, but for what we are
 * stricter about, which is then looked for in the tree.
 */
#include <jansson.h>

#include "base/buf.h"
#include "fuzz.h"
#include "jsonrpc/envelope.h"
#include "jsonrpc/json.h"

enum { FLAGS = JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL };

static const EnvelopeLimits limits = {.depth = 16, .id = 16};

static const struct {
        const char *place, *name;
} rows[_MEMBER_MAX] = {
#define M(id, place, name) {#place, (name)},
        ENVELOPE_MEMBERS(M)
#undef M
};

static unsigned depth_of(json_t *value)
{
        unsigned deepest = 0, depth; /* MAX looks twice: given the call, it would take 2^depth of them */
        const char *name;
        size_t i;
        json_t *inner;
        json_object_foreach(value, name, inner)
        {
                depth = depth_of(inner);
                deepest = MAX(deepest, depth);
        }
        json_array_foreach(value, i, inner)
        {
                depth = depth_of(inner);
                deepest = MAX(deepest, depth);
        }
        return deepest + (json_is_object(value) || json_is_array(value));
}

/* The object that a row stands in. */
static json_t *place_of(json_t *root, const char *place)
{
        json_t *params = json_object_get(root, "params");
        if (strcmp(place, "PARAMS") == 0)
                return params;
        if (strcmp(place, "META") == 0)
                return json_object_get(params, "_meta");
        if (strcmp(place, "RESULT") == 0)
                return json_object_get(root, "result");
        return strcmp(place, "ERROR") == 0 ? json_object_get(root, "error") : root;
}

static size_t count(Span object)
{
        size_t n = 0;
        Span value;
        for (JspanWalk w = jspan_walk(object); jspan_next(&w, NULL, &value);)
                n++;
        return n;
}

static bool is_same(Span text, json_t *want)
{
        json_t *got = json_loadb(text.ptr, text.len, FLAGS, NULL);
        bool same = json_equal(got, want);
        json_decref(got);
        return same;
}

/* An id that was refused, or null with an error, is not there. */
static void check_members(const Envelope *e, json_t *root, bool valid)
{
        bool loose = json_object_size(place_of(root, "RESULT")) + json_object_size(place_of(root, "ERROR")) >
                     0;
        for (EnvelopeMember m = 0; m < _MEMBER_MAX; m++) {
                json_t *want = json_object_get(place_of(root, rows[m].place), rows[m].name);
                Span got = envelope_member(e, m);
                bool strict = strcmp(rows[m].place, "RESULT") != 0 && strcmp(rows[m].place, "ERROR") != 0;
                if (m == MEMBER_ID && !got.ptr) {
                        FUZZ_CHECK(!want || !valid || json_is_null(want));
                        continue;
                }
                FUZZ_CHECK(strict || loose || !got.ptr);
                FUZZ_CHECK(strict ? !got.ptr == !want : !got.ptr || want);
                FUZZ_CHECK(!got.ptr || !strict || is_same(got, want));
                FUZZ_CHECK(!got.ptr ||
                           (got.ptr >= e->text.ptr && got.ptr + got.len <= e->text.ptr + e->text.len));
        }
        FUZZ_CHECK(count(e->text) == json_object_size(root)); /* so no name comes twice */
        FUZZ_CHECK(count(envelope_member(e, MEMBER_META)) == json_object_size(place_of(root, "META")) ||
                   !json_is_object(place_of(root, "META")));
}

/* What the tree is by the rules of JSON-RPC and ours; the id is looked at elsewhere. */
static void check_kind(const Envelope *e, json_t *root)
{
        json_t *method = json_object_get(root, "method"), *error = json_object_get(root, "error");
        json_t *params = json_object_get(root, "params"), *result = json_object_get(root, "result");
        bool id = envelope_has(e, MEMBER_ID);
        const char *version = json_string_value(json_object_get(root, "jsonrpc"));
        FUZZ_CHECK(version && strcmp(version, "2.0") == 0);
        FUZZ_CHECK(!!method + !!error + !!result == 1);
        FUZZ_CHECK(!method || (json_is_string(method) && (!params || json_is_object(params))));
        FUZZ_CHECK(!error || (json_is_object(error) && envelope_has(e, MEMBER_ERROR_CODE)));
        FUZZ_CHECK(!result || id);
        FUZZ_CHECK(e->kind == (method   ? id ? ENVELOPE_REQUEST : ENVELOPE_NOTIFICATION
                               : result ? ENVELOPE_RESULT
                                        : ENVELOPE_ERROR));
        FUZZ_CHECK(envelope_member(e, MEMBER_ID).len <= limits.id);
}

/* Whether a text that jansson takes may be refused for that. A NUL is white space for jansson. */
static void check_strictness(const Envelope *e, Span text, json_t *root)
{
        if (span_find(text, '\0') < text.len)
                return;
        if (strstr(e->why, "comes twice")) {
                json_t *once = json_loadb(text.ptr, text.len, FLAGS | JSON_REJECT_DUPLICATES, NULL);
                FUZZ_CHECK(!once);
                return;
        }
        if (strstr(e->why, "nested too deep"))
                FUZZ_CHECK(depth_of(root) > limits.depth);
        else
                FUZZ_CHECK(strstr(e->why, "written with escapes") && span_find(text, '\\') < text.len);
        FUZZ_CHECK(e->at < text.len);
}

/* What jansson refuses although it is JSON: numbers that no double holds, NUL in names, its own depth. */
static bool is_beyond_jansson(const json_error_t *error)
{
        enum json_error_code code = json_error_code(error);
        return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
               code == json_error_stack_overflow;
}

static void check_again(const Envelope *e, int result, const Buf *b, Span before)
{
        CLEANUP(buf_done) Buf copy = BUF_INIT(BUF_CAP_NONE);
        Envelope again;
        Span id, all = buf_span(b);
        FUZZ_CHECK(span_find(e->text, '\n') == e->text.len && span_find(e->text, '\r') == e->text.len);
        for (size_t i = 0; i < before.len; i++)
                FUZZ_CHECK(before.ptr[i] == all.ptr[i] ||
                           ((before.ptr[i] == '\n' || before.ptr[i] == '\r') && all.ptr[i] == ' '));
        FUZZ_CHECK(buf_append_span(&copy, all) == 0);
        FUZZ_CHECK(envelope_scan(copy.data, copy.len, &limits, &again) == result);
        FUZZ_CHECK(span_equal(buf_span(&copy), all) || result == ENVELOPE_E_SYNTAX);
        if (envelope_has(e, MEMBER_ID) && envelope_peek_id(all, &id))
                FUZZ_CHECK(span_equal(id, envelope_member(e, MEMBER_ID)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        Span before = span_from((const char *)data, size);
        Envelope e;
        json_error_t error;
        FUZZ_CHECK(buf_append_span(&b, before) == 0);
        json_t *root = json_loadb(size ? (const char *)data : "", size, FLAGS, &error);
        bool beyond = !root && is_beyond_jansson(&error), valid = jspan_valid(before, limits.depth);
        int r = envelope_scan(b.data, b.len, &limits, &e);
        FUZZ_CHECK(!r == !e.why && e.at <= size);
        FUZZ_CHECK(valid == (r != ENVELOPE_E_SYNTAX) || strstr(e.why, "comes twice") ||
                   strstr(e.why, "with escapes"));
        check_again(&e, r, &b, before);
        FUZZ_CHECK(r == ENVELOPE_E_SYNTAX || root || beyond);
        if (root && r == ENVELOPE_E_SYNTAX)
                check_strictness(&e, before, root);
        if (root && r != ENVELOPE_E_SYNTAX)
                FUZZ_CHECK((r == ENVELOPE_E_BATCH) == json_is_array(root));
        if (json_is_object(root) && r != ENVELOPE_E_SYNTAX && !strstr(r ? e.why : "", "than are compared"))
                check_members(&e, root, r == 0);
        if (root && r == 0)
                check_kind(&e, root);
        json_decref(root);
        return 0;
}
