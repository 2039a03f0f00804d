/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "ipc/token.h"

typedef struct TokensHead {
        char magic[8];
        uint64_t n;
} TokensHead;

static const char magic[8] = "MCVTOK1\n";

int ipc_tokens_write(const IpcToken *tokens, size_t n, int *ret_fd)
{
        CLEANUP_FD int fd = -EBADF;
        TokensHead head = {.n = n};
        if (n > LIMIT_TOKENS)
                return -E2BIG;
        memcpy(head.magic, magic, sizeof(magic));
        int r = fd_memfd_new("tokens", &fd);
        if (r == 0)
                r = fd_write_all(fd, span_from((const char *)&head, sizeof(head)));
        if (r == 0 && n)
                r = fd_write_all(fd, span_from((const char *)tokens, n * sizeof(*tokens)));
        if (r == 0)
                r = fd_memfd_seal(fd);
        if (r == 0)
                *ret_fd = TAKE_FD(fd);
        return r;
}

/* The bytes after the head, as many tokens as it says, each with a whole name. */
static int copy_tokens(Span bytes, IpcToken **ret, size_t *ret_n)
{
        TokensHead head;
        if (bytes.len < sizeof(head))
                return -EBADMSG;
        memcpy(&head, bytes.ptr, sizeof(head));
        Span rest = span_skip(bytes, sizeof(head));
        if (memcmp(head.magic, magic, sizeof(magic)) != 0 || head.n > LIMIT_TOKENS ||
            rest.len != head.n * sizeof(IpcToken))
                return -EBADMSG;
        CLEANUP_FREE IpcToken *tokens = rest.len ? malloc(rest.len) : NULL;
        if (rest.len && !tokens)
                return -ENOMEM;
        if (tokens)
                memcpy(tokens, rest.ptr, rest.len);
        for (size_t i = 0; i < head.n; i++)
                if (!memchr(tokens[i].name, '\0', sizeof(tokens[i].name)))
                        return -EBADMSG;
        *ret = TAKE_PTR(tokens);
        *ret_n = (size_t)head.n;
        return 0;
}

/* Mapped, not read: who else has the descriptor shares its place in the file. */
int ipc_tokens_read(int fd, IpcToken **ret, size_t *ret_n)
{
        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_size <= 0 || (size_t)st.st_size > sizeof(TokensHead) + LIMIT_TOKENS * sizeof(IpcToken))
                return -EBADMSG;
        size_t size = (size_t)st.st_size;
        void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED)
                return errno == ENODEV ? -EBADMSG : -errno;
        int r = copy_tokens(span_from(map, size), ret, ret_n);
        (void)munmap(map, size);
        return r;
}

static bool same_hash(const uint8_t *a, const uint8_t *b)
{
        unsigned differs = 0;
        for (size_t i = 0; i < SHA256_SIZE; i++)
                differs |= (unsigned)(a[i] ^ b[i]);
        return differs == 0;
}

const IpcToken *ipc_token_find(const IpcToken *tokens, size_t n, Span text)
{
        uint8_t hash[SHA256_SIZE];
        const IpcToken *found = NULL;
        if (text.len == 0) /* no token is none, whatever is configured */
                return NULL;
        sha256(text, hash);
        for (size_t i = 0; i < n; i++)
                if (same_hash(hash, tokens[i].hash) && !found)
                        found = &tokens[i];
        return found;
}
