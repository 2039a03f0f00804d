/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "jsonrpc/splice.h"
#include "support/oom.h"

#define TEXT "{\"id\":1,\"name\":\"a\"}"

static Span part(Span text, size_t at, size_t n)
{
        return span_from(text.ptr + at, n);
}

static void check(const Splice *s, const char *want)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        Span parts[SPLICE_PARTS];
        unsigned n = splice_parts(s, parts);
        assert_true(n <= SPLICE_PARTS);
        for (unsigned i = 0; i < n; i++) {
                assert_true(parts[i].len > 0);
                assert_int_equal(buf_append_span(&b, parts[i]), 0);
        }
        assert_string_equal(buf_text(&b), want);
        assert_int_equal(splice_length(s), strlen(want));
        buf_clear(&b);
        assert_int_equal(buf_append_str(&b, "> "), 0);
        assert_int_equal(splice_append(s, &b), 0);
        assert_span_equal(span_skip(buf_span(&b), 2), span_of(want));
}

static void test_replace(void **state UNUSED)
{
        Span text = SPAN(TEXT);
        Splice s;
        splice_init(&s, text);
        check(&s, TEXT);
        splice_replace(&s, part(text, 15, 3), SPAN("\"files__a\""));
        check(&s, "{\"id\":1,\"name\":\"files__a\"}");
        splice_replace(&s, part(text, 6, 1), SPAN("1048576")); /* given later, stands before */
        check(&s, "{\"id\":1048576,\"name\":\"files__a\"}");
        splice_replace(&s, part(text, 7, 8), SPAN_NONE); /* right between the two */
        check(&s, "{\"id\":1048576\"files__a\"}");
        splice_replace(&s, part(text, 0, 1), SPAN("<"));
        splice_replace(&s, part(text, 18, 1), SPAN(">"));
        check(&s, "<\"id\":1048576\"files__a\">");
}

static void test_put(void **state UNUSED)
{
        Span text = SPAN(TEXT);
        Splice s;
        splice_init(&s, text);
        splice_replace(&s, part(text, 6, 1), SPAN("2"));
        splice_replace(&s, part(text, 6, 0), SPAN("A")); /* before what is replaced there */
        splice_replace(&s, part(text, 6, 0), SPAN("B")); /* in the order of the calls */
        splice_replace(&s, part(text, 7, 0), SPAN("C"));
        splice_replace(&s, part(text, 0, 0), SPAN("D"));
        splice_replace(&s, part(text, text.len, 0), SPAN("E"));
        splice_replace(&s, part(text, 3, 0), SPAN_NONE);
        check(&s, "D{\"id\":AB2C,\"name\":\"a\"}E");
}

static void test_all(void **state UNUSED)
{
        Span text = SPAN("0123456789abcdef_");
        Splice s;
        Span parts[SPLICE_PARTS];
        splice_init(&s, text);
        for (unsigned i = SPLICE_EDITS; i-- > 0;)
                splice_replace(&s, part(text, 2 * i + 1, 1), SPAN("--"));
        check(&s, "0--2--4--6--8--a--c--e--_");
        assert_int_equal(splice_parts(&s, parts), SPLICE_PARTS);
        splice_init(&s, text);
        splice_replace(&s, text, SPAN(""));
        check(&s, "");
        assert_int_equal(splice_parts(&s, parts), 0);
        splice_init(&s, SPAN_NONE);
        check(&s, "");
}

static int append(void *arg)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        return splice_append(arg, &b);
}

static void test_failure(void **state UNUSED)
{
        Splice s;
        Span text = SPAN(TEXT);
        splice_init(&s, text);
        splice_replace(&s, part(text, 6, 1), SPAN("22"));
        assert_int_equal(oom_each(append, &s), 1);
        CLEANUP(buf_done) Buf b = BUF_INIT(text.len + 2);
        assert_int_equal(buf_append_str(&b, "ab"), 0);
        assert_int_equal(splice_append(&s, &b), -ENOBUFS);
        assert_span_equal(buf_span(&b), SPAN("ab"));
        buf_clear(&b);
        assert_int_equal(splice_append(&s, &b), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_replace),
                cmocka_unit_test(test_put),
                cmocka_unit_test(test_all),
                cmocka_unit_test(test_failure),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
