/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "ipc/notebook.h"

enum {
        INITIALIZED = 0x314e434d /* "MCN1": the layout below */,
        SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
};

/* The supervisor reads what a hostile gateway wrote: each word once, then checked. A new one is all
 * zero and has no page of memory yet. */
struct Notebook {
        _Atomic uint32_t initialized, mid_line, length;
        char result[NOTEBOOK_SIZE - 3 * sizeof(uint32_t)];
};

static_assert(sizeof(Notebook) == NOTEBOOK_SIZE, "the mapping is the struct");

int notebook_new(int *ret_fd)
{
        CLEANUP_FD int fd = -EBADF;
        int r = fd_memfd_new("notebook", &fd);
        if (r < 0)
                return r;
        if (ftruncate(fd, NOTEBOOK_SIZE) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int notebook_map(int fd, Notebook **ret)
{
        struct stat st;
        int seals = fcntl(fd, F_GET_SEALS);
        if (seals < 0 || (seals & SEALS) != SEALS || (seals & F_SEAL_WRITE))
                return -EBADMSG;
        if (fstat(fd, &st) < 0 || st.st_size != NOTEBOOK_SIZE)
                return -EBADMSG;
        void *map = mmap(NULL, NOTEBOOK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED)
                return -errno;
        *ret = map;
        return 0;
}

Notebook *notebook_free(Notebook *n)
{
        if (n)
                (void)munmap(n, sizeof(*n));
        return NULL;
}

void notebook_set_mid_line(Notebook *n, bool on)
{
        atomic_store_explicit(&n->mid_line, on, memory_order_release);
}

bool notebook_mid_line(const Notebook *n)
{
        return atomic_load_explicit(&n->mid_line, memory_order_acquire) != 0;
}

int notebook_set_initialized(Notebook *n, Span result)
{
        if (result.len > sizeof(n->result))
                return -ENOBUFS;
        atomic_store_explicit(&n->initialized, 0, memory_order_release);
        if (result.len)
                memcpy(n->result, result.ptr, result.len);
        atomic_store_explicit(&n->length, (uint32_t)result.len, memory_order_release);
        atomic_store_explicit(&n->initialized, INITIALIZED, memory_order_release); /* last: it is complete */
        return 0;
}

bool notebook_initialized(const Notebook *n, Span *ret_result)
{
        if (atomic_load_explicit(&n->initialized, memory_order_acquire) != INITIALIZED)
                return false;
        uint32_t length = atomic_load_explicit(&n->length, memory_order_acquire);
        if (length > sizeof(n->result))
                return false;
        if (ret_result)
                *ret_result = span_from(n->result, length);
        return true;
}
