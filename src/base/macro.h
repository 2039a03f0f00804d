#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few words that every file of the tree shares: attributes, cleanup,
 * moving a value out of a variable, checked arithmetic. No functions with
 * state, no types. Every other header may rely on it.
 */

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/banned.h"

#define MUST_CHECK       __attribute__((warn_unused_result))
#define PRINTF(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define UNUSED           __attribute__((unused))
#define CLEANUP(func)    __attribute__((cleanup(func)))
#define NONNULL          __attribute__((nonnull))
#define PURE             __attribute__((pure))
#define LIKELY(x)        __builtin_expect(!!(x), 1)
#define UNLIKELY(x)      __builtin_expect(!!(x), 0)

/* A build with AddressSanitizer: gcc says it in one way, clang in another. */
#if defined(__SANITIZE_ADDRESS__)
#define ASAN_BUILD 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN_BUILD 1
#endif
#endif

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))

#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* Move ownership out of a variable that has a cleanup. */
#define TAKE_PTR(p)                         \
        ({                                  \
                __typeof__(p) _taken = (p); \
                (p) = NULL;                 \
                _taken;                     \
        })
#define TAKE_FD(fd)                \
        ({                         \
                int _taken = (fd); \
                (fd) = -EBADF;     \
                _taken;            \
        })

#define STRINGIFY_(x) #x
#define STRINGIFY(x)  STRINGIFY_(x)

static inline void cleanup_free(void *p)
{
        free(*(void **)p);
}
#define CLEANUP_FREE CLEANUP(cleanup_free)

/* A cleanup for a variable of type T* (or T embedded) from its free (or done) function. */
#define DEFINE_CLEANUP(type, free_func)            \
        static inline void free_func##_p(type **p) \
        {                                          \
                if (*p)                            \
                        free_func(*p);             \
        }
