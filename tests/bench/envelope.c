/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one look at a message costs: a call as hosts send it, one with much
 * small JSON, and results of 1 MB: text with escapes, text that is not ASCII,
 * and rows of a table. Best of several runs, since a shared machine only ever
 * adds.
 */

#include "base/buf.h"
#include "base/clock.h"
#include "jsonrpc/envelope.h"

enum { RUNS = 15, RUN_BYTES = 32 * 1024 * 1024, MB = 1000 * 1000, SMALL = 182, MIDDLE = 10000 };

#define CALL                                                                                           \
        "{\"jsonrpc\":\"2.0\",\"id\":4711,\"method\":\"tools/call\",\"params\":{\"name\":\"files__"    \
        "search\",\"arguments\":{\"path\":\"/srv/projects/alpha\",\"pattern\":\"main\",\"limit\":50}," \
        "\"_meta\":{\"progressToken\":17}"

typedef struct Case {
        const char *name, *head, *piece, *tail;
        size_t size;    /* at least so long */
        double goal_ns; /* 0: none */
} Case;

static const Case cases[] = {
        {"a call", CALL, "", "}}", SMALL, 100},
        {"a call with rows", CALL ",\"rows\":[0", ",{\"id\":17,\"name\":\"a name\",\"on\":true}", "]}}",
         MIDDLE, 0},
        {"text", "{\"jsonrpc\":\"2.0\",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"",
         "The quick brown fox jumps over the lazy dog, and the dog does not mind it at all.\\n",
         "\"}]},\"id\":1048576}", MIDDLE, 4300},
        {"text", "{\"jsonrpc\":\"2.0\",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"",
         "The quick brown fox jumps over the lazy dog, and the dog does not mind it at all.\\n",
         "\"}]},\"id\":1048576}", MB, 450000},
        {"text, Cyrillic", "{\"jsonrpc\":\"2.0\",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"",
         "\xd0\x91\xd1\x8b\xd1\x81\xd1\x82\xd1\x80\xd0\xb0\xd1\x8f \xd0\xbb\xd0\xb8\xd1\x81\xd0\xb0 ",
         "\"}]},\"id\":1048576}", MB, 0},
        {"rows", "{\"jsonrpc\":\"2.0\",\"result\":{\"rows\":[0",
         ",{\"id\": 17, \"name\": \"a name\", \"on\": true}", "]},\"id\":1048576}", MB, 0},
};

static void must(bool good, const char *what)
{
        if (good)
                return;
        fprintf(stderr, "bench-envelope: %s\n", what);
        exit(1);
}

static void make(const Case *c, Buf *b)
{
        size_t fixed = strlen(c->head) + strlen(c->tail), n = strlen(c->piece);
        must(buf_append_str(b, c->head) == 0, "no memory");
        while (n && b->len + fixed - strlen(c->head) < c->size)
                must(buf_append_str(b, c->piece) == 0, "no memory");
        must(buf_append_str(b, c->tail) == 0, "no memory");
}

static double run(Buf *b)
{
        static const EnvelopeLimits limits = {.depth = 512, .id = 64};
        Envelope e;
        size_t times = RUN_BYTES / b->len;
        Nsec began = clock_now(&clock_monotonic);
        for (size_t i = 0; i < times; i++)
                must(envelope_scan(b->data, b->len, &limits, &e) == 0, "refused");
        return (double)(clock_now(&clock_monotonic) - began) / (double)times;
}

int main(void)
{
        printf("%-18s %9s %12s %8s %10s\n", "message", "bytes", "ns a scan", "GB/s", "goal ns");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                double best = 0;
                make(&cases[i], &b);
                for (int k = 0; k < RUNS; k++) {
                        double ns = run(&b);
                        best = k == 0 ? ns : MIN(best, ns);
                }
                printf("%-18s %9zu %12.0f %8.2f", cases[i].name, b.len, best, (double)b.len / best);
                if (cases[i].goal_ns > 0)
                        printf(" %10.0f%s", cases[i].goal_ns, best > cases[i].goal_ns ? "  missed" : "");
                printf("\n");
        }
        return 0;
}
