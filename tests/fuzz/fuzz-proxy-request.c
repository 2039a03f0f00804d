/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what a program asks of the proxy: what is sent on to an origin is one request, of that host,
 * in the form for origins, and asks for the end of the connection. */
#include "fuzz.h"
#include "proxy/request.h"

static const H1Limits limits = {.max_header = 400, .max_headers = 10, .max_body = SIZE_MAX, .proxy = true};

static H1State feed(H1 *h, const H1Limits *with, char *bytes, size_t n)
{
        size_t used;
        H1State state = H1_HEAD;
        h1_reset(h, with, 0);
        FUZZ_CHECK(h1_feed(h, bytes, n, &used, &state) == 0 && used <= n);
        return state;
}

static void check_forward(H1 *h, const ProxyRequest *request)
{
        static const H1Limits origin = {.max_header = 2000, .max_headers = 12, .max_body = SIZE_MAX};
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        ProxyTarget t;
        H1 *other;
        bool has_body = h1_request(h)->has_body;
        FUZZ_CHECK(proxy_request_forward(h, request, &b) == 0 && h1_new(&other) == 0);
        H1State state = feed(other, &origin, b.data, b.len);
        const HttpRequest *r = h1_request(other);
        FUZZ_CHECK(state == (has_body ? H1_BODY : H1_DONE));
        FUZZ_CHECK(r->target.ptr[0] == '/' && r->has_body == has_body && !r->keep_alive);
        FUZZ_CHECK(proxy_target_parse(http_header(r, HTTP_HEADER_HOST), 80, &t) == 0);
        FUZZ_CHECK(t.port == request->target.port && strcmp(t.name, request->target.name) == 0);
        FUZZ_CHECK(proxy_address_equal(&t.address, &request->target.address));
        h1_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        ProxyRequest request;
        ProxyRefusal refusal = {0};
        CLEANUP_FREE char *copy = malloc(size + 1);
        H1 *h;
        FUZZ_CHECK(copy && h1_new(&h) == 0);
        memcpy(copy, data, size);
        H1State state = feed(h, &limits, copy, size);
        if (state == H1_BODY || state == H1_DONE) {
                int r = proxy_request_read(h, &request, &refusal);
                FUZZ_CHECK(r == 0 || (r == PROXY_REQUEST_E_REFUSED && refusal.status == 400 && refusal.why));
                if (r == 0 && !request.tunnel)
                        check_forward(h, &request);
        }
        h1_free(h);
        return 0;
}
