/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a certificate: what is one has its texts inside of them, side
 * by side to the end, and is none when a byte is missing or one too many.
 */
#include "fuzz.h"
#include "ipc/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Span given = span_from((const char *)data, size);
        IpcCertificate c, other;
        CLEANUP_FREE char *longer = calloc(1, size + 1);
        FUZZ_CHECK(longer != NULL);
        if (ipc_certificate_parse(given, &c) < 0)
                return 0;
        FUZZ_CHECK(c.chain.len && c.key.len && c.chain.ptr > given.ptr);
        FUZZ_CHECK(c.key.ptr == c.chain.ptr + c.chain.len && c.client_ca.ptr == c.key.ptr + c.key.len);
        FUZZ_CHECK(c.client_ca.ptr + c.client_ca.len == given.ptr + given.len);
        memcpy(longer, data, size);
        FUZZ_CHECK(ipc_certificate_parse(span_first(given, size - 1), &other) == -EBADMSG);
        FUZZ_CHECK(ipc_certificate_parse(span_from(longer, size + 1), &other) == -EBADMSG);
        return 0;
}
