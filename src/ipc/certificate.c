/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "ipc/certificate.h"

typedef struct CertificateHead {
        char magic[8];
        int64_t expires;
        uint32_t chain, key, client_ca, reserved; /* bytes */
} CertificateHead;

static const char magic[8] = "MCVCRT1\n";

int ipc_certificate_write(const IpcCertificate *c, int fd)
{
        const Span parts[] = {c->chain, c->key, c->client_ca};
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                if (parts[i].len > LIMIT_CERTIFICATE)
                        return -EFBIG;
        CertificateHead head = {.expires = c->expires,
                                .chain = (uint32_t)c->chain.len,
                                .key = (uint32_t)c->key.len,
                                .client_ca = (uint32_t)c->client_ca.len};
        memcpy(head.magic, magic, sizeof(magic));
        int r = fd_write_all(fd, span_from((const char *)&head, sizeof(head)));
        for (size_t i = 0; i < ARRAY_SIZE(parts) && r == 0; i++)
                r = fd_write_all(fd, parts[i]);
        return r;
}

static bool take(Span *rest, uint32_t n, Span *ret)
{
        if (n > LIMIT_CERTIFICATE || n > rest->len)
                return false;
        *ret = span_first(*rest, n);
        *rest = span_skip(*rest, n);
        return true;
}

int ipc_certificate_parse(Span bytes, IpcCertificate *ret)
{
        CertificateHead head;
        if (bytes.len < sizeof(head))
                return -EBADMSG;
        memcpy(&head, bytes.ptr, sizeof(head));
        IpcCertificate c = {.expires = head.expires};
        Span rest = span_skip(bytes, sizeof(head));
        if (memcmp(head.magic, magic, sizeof(magic)) != 0 || head.reserved || !head.chain || !head.key ||
            !take(&rest, head.chain, &c.chain) || !take(&rest, head.key, &c.key) ||
            !take(&rest, head.client_ca, &c.client_ca) || rest.len)
                return -EBADMSG;
        *ret = c;
        return 0;
}

/* Mapped, not read: who else has the descriptor shares its place in the file. */
static int map_all(int fd, Span *ret)
{
        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_size <= 0 || (size_t)st.st_size > sizeof(CertificateHead) + 3 * (size_t)LIMIT_CERTIFICATE)
                return -EBADMSG;
        void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED)
                return errno == ENODEV ? -EBADMSG : -errno;
        *ret = span_from(map, (size_t)st.st_size);
        return 0;
}

static void unmap(Span s)
{
        if (s.ptr)
                (void)munmap((void *)(uintptr_t)s.ptr, s.len);
}

int ipc_certificate_read(int fd, IpcCertificate *ret)
{
        IpcCertificate c;
        Span bytes;
        int r = map_all(fd, &bytes);
        if (r < 0)
                return r;
        r = ipc_certificate_parse(bytes, &c);
        if (r < 0) {
                unmap(bytes);
                return r;
        }
        c.map = (void *)(uintptr_t)bytes.ptr;
        c.size = bytes.len;
        *ret = c;
        return 0;
}

void ipc_certificate_done(IpcCertificate *c)
{
        unmap(span_from(c->map, c->size));
        *c = (IpcCertificate){0};
}

bool ipc_certificate_same(int a, int b)
{
        Span x = SPAN_NONE, y = SPAN_NONE;
        bool same = map_all(a, &x) == 0 && map_all(b, &y) == 0 && span_equal(x, y);
        unmap(x);
        unmap(y);
        return same;
}
