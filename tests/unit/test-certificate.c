/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <fcntl.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "ipc/certificate.h"

static int memfd_of(Span bytes)
{
        int fd = -EBADF;
        assert_int_equal(fd_memfd_new("certificate", &fd), 0);
        assert_int_equal(fd_write_all(fd, bytes), 0);
        return fd;
}

static int written(const IpcCertificate *c)
{
        int fd = memfd_of(SPAN_NONE);
        assert_int_equal(ipc_certificate_write(c, fd), 0);
        assert_int_equal(fd_memfd_seal(fd), 0);
        return fd;
}

static const IpcCertificate whole = {
        .chain = {"chain", 5}, .key = {"the key", 7}, .client_ca = {"ca", 2}, .expires = 1800000000};

static void test_round(void **state UNUSED)
{
        CLEANUP_FD int fd = written(&whole);
        for (int i = 0; i < 2; i++) { /* one gateway after the other */
                CLEANUP(ipc_certificate_done) IpcCertificate c = {0};
                assert_int_equal(ipc_certificate_read(fd, &c), 0);
                assert_span_equal(c.chain, whole.chain);
                assert_span_equal(c.key, whole.key);
                assert_span_equal(c.client_ca, whole.client_ca);
                assert_int_equal(c.expires, whole.expires);
        }
        const IpcCertificate without = {.chain = whole.chain, .key = whole.key};
        CLEANUP_FD int other = written(&without), same = written(&whole);
        CLEANUP(ipc_certificate_done) IpcCertificate c = {0};
        assert_int_equal(ipc_certificate_read(other, &c), 0);
        assert_int_equal(c.client_ca.len, 0);
        assert_true(ipc_certificate_same(fd, same));
        assert_false(ipc_certificate_same(fd, other));
        assert_false(ipc_certificate_same(fd, -EBADF));
        assert_false(ipc_certificate_same(-EBADF, -EBADF));
}

static void test_limits(void **state UNUSED)
{
        CLEANUP_FREE char *large = calloc(1, LIMIT_CERTIFICATE + 1);
        CLEANUP_FD int fd = memfd_of(SPAN_NONE), largest = memfd_of(SPAN_NONE);
        IpcCertificate c = {.chain = {large, LIMIT_CERTIFICATE},
                            .key = {large, LIMIT_CERTIFICATE},
                            .client_ca = {large, LIMIT_CERTIFICATE}},
                       got;
        assert_int_equal(ipc_certificate_write(&c, largest), 0);
        assert_int_equal(ipc_certificate_read(largest, &got), 0);
        assert_int_equal(got.client_ca.len, LIMIT_CERTIFICATE);
        ipc_certificate_done(&got);
        c.key.len++;
        assert_int_equal(ipc_certificate_write(&c, fd), -EFBIG);
        c.key.len = 0;
        assert_int_equal(ipc_certificate_write(&c, fd), 0);
        assert_int_equal(ipc_certificate_read(fd, &got), -EBADMSG); /* one without a key is none */
}

/* Every byte of the head counts, and every length. */
static void test_refused(void **state UNUSED)
{
        char bytes[200];
        CLEANUP_FD int fd = written(&whole), null = open("/dev/null", O_RDWR | O_CLOEXEC);
        IpcCertificate c = {0};
        ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
        assert_int_equal(n, 32 + 14);
        for (size_t len = 0; len < (size_t)n + 5; len++) {
                CLEANUP_FD int cut = memfd_of(span_from(bytes, len));
                assert_int_equal(ipc_certificate_read(cut, &c), len == (size_t)n ? 0 : -EBADMSG);
                ipc_certificate_done(&c);
        }
        for (size_t i = 0; i < 32; i++) {
                bytes[i] ^= 0x40;
                bool free_choice = i >= 8 && i < 16; /* the date */
                assert_row((ipc_certificate_parse(span_from(bytes, (size_t)n), &c) == 0) == free_choice,
                           "%zu", i);
                bytes[i] ^= 0x40;
        }
        c = (IpcCertificate){0};
        assert_int_equal(ipc_certificate_read(null, &c), -EBADMSG);
        assert_null(c.map);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
