/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "sandbox/role.h"

#define INT UINT32_MAX /* the kernel looks at the low half */
#define ALL UINT64_MAX

enum { SOCKET_TYPE = 0xf };

/* clang-format off */
static const RoleCall gateway_calls[] = {
        /* descriptors that it was given */
        {.call = "read", .why = "pipes of servers"},
        {.call = "write", .why = "the log"},
        {.call = "writev", .why = "pipes of servers"},
        {.call = "recvfrom", .why = "clients"},
        {.call = "sendto", .why = "clients; a log that is a socket"},
        {.call = "recvmsg", .why = "the supervisor"},
        {.call = "sendmsg", .why = "the supervisor; clients, several parts at once"},
        {.call = "accept4", .why = "clients"},
        {.call = "shutdown", .why = "the end of an answer"},
        {.call = "setsockopt", .why = "listeners, each time they change"},
        {.call = "getpeername", .why = "who is told of in the log"},
        {.call = "close", .why = "what has ended"},
        {.call = "pread64", .why = "kept lists; what the kernel says of this process"},
        {.call = "pwrite64", .why = "kept lists"},
        {.call = "ftruncate", .why = "kept lists"},
        {.call = "lseek", .why = "its descriptors, read anew"},
        {.call = "getdents64", .why = "its descriptors, where a kernel does not count them"},
        {.call = "fstat", .why = "sizes of what the supervisor passes"},
        {.call = "newfstatat", .n = 1, .when = {{3, AT_EMPTY_PATH, AT_EMPTY_PATH}}, .why = "the same, of a descriptor"},
        {.call = "statx", .n = 1, .when = {{2, AT_EMPTY_PATH, AT_EMPTY_PATH}}, .why = "the same, as other libraries do it"},
        {.call = "fcntl", .n = 1, .when = {{1, INT, F_GETFD}}, .why = "close on exec"},
        {.call = "fcntl", .n = 1, .when = {{1, INT, F_SETFD}}, .why = "close on exec"},
        {.call = "fcntl", .n = 1, .when = {{1, INT, F_GETFL}}, .why = "non-blocking"},
        {.call = "fcntl", .n = 1, .when = {{1, INT, F_SETFL}}, .why = "non-blocking"},
        {.call = "fcntl", .n = 1, .when = {{1, INT, F_DUPFD_CLOEXEC}}, .why = "descriptors of messages that wait"},
        {.call = "fcntl", .n = 1, .when = {{1, INT, F_GETPIPE_SZ}}, .why = "pipes of servers"},
        {.call = "fcntl", .n = 1, .when = {{1, INT, F_SETPIPE_SZ}}, .why = "pipes of servers"},
        {.call = "fcntl", .n = 1, .when = {{1, INT, F_GET_SEALS}}, .why = "memory that the supervisor passes"},

        /* waiting */
        {.call = "epoll_ctl", .why = "the loop"},
        {.call = "epoll_pwait2", .why = "the loop"},
        {.call = "epoll_wait", .why = "the loop, where there is no epoll_pwait2"},
        {.call = "epoll_pwait", .why = "the loop, where there is no epoll_wait"},
        {.call = "poll", .why = "has the log room, does the supervisor live"},
        {.call = "ppoll", .why = "the same, where there is no poll"},
        {.call = "restart_syscall", .why = "goes on after a stop"},
        {.call = "futex", .why = "locks of libraries"},

        /* memory, none of it executable */
        {.call = "brk", .why = "the heap"},
        {.call = "mmap", .n = 1, .when = {{2, PROT_EXEC, 0}}, .why = "the heap; what the supervisor passes"},
        {.call = "mprotect", .n = 1, .when = {{2, PROT_EXEC, 0}}, .why = "the heap of some libraries"},
        {.call = "mremap", .why = "the heap"},
        {.call = "munmap", .why = "the heap"},
        {.call = "madvise", .why = "the heap"},

        /* itself and the machine */
        {.call = "clock_gettime", .why = "time, where it is no function of the process"},
        {.call = "gettimeofday", .why = "the same"},
        {.call = "time", .why = "the same"},
        {.call = "getrandom", .why = "names of sessions, TLS"},
        {.call = "getpid", .why = "TLS after a fork; abort"},
        {.call = "gettid", .why = "abort"},
        {.call = "getrusage", .why = "its figures"},
        {.call = "prlimit64", .n = 2, .when = {{0, INT, 0}, {2, ALL, 0}}, .why = "how many descriptors it may have"},
        {.call = "sysinfo", .why = "sorting asks for the memory of the machine"},

        /* its end */
        {.call = "rt_sigprocmask", .why = "abort"},
        {.call = "rt_sigreturn", .why = "the end of a handler"},
        {.call = "tgkill", .self = true, .why = "abort: a failed assertion ends by its own signal"},
        {.call = "exit_group", .why = "the end"},

        /* a log that goes to the journal */
        {.call = "socket", .journal = true, .n = 2, .when = {{0, INT, AF_UNIX}, {1, SOCKET_TYPE, SOCK_DGRAM}},
         .why = "datagrams to the journal"},
        {.call = "connect", .journal = true, .why = "has the journal room"},
        {.call = "getsockopt", .journal = true, .why = "room of its socket"},
        {.call = "memfd_create", .journal = true, .why = "a record that is too long for a datagram"},
        {.call = "fcntl", .journal = true, .n = 1, .when = {{1, INT, F_ADD_SEALS}}, .why = "the same"},

        /* files that a library would look for, and does without */
        {.call = "open", .verdict = ROLE_REFUSE, .why = "no file is opened"},
        {.call = "openat", .verdict = ROLE_REFUSE, .why = "no file is opened"},
        {.call = "access", .verdict = ROLE_REFUSE, .why = "no file is looked at"},
        {.call = "faccessat", .verdict = ROLE_REFUSE, .why = "no file is looked at"},
        {.call = "faccessat2", .verdict = ROLE_REFUSE, .why = "no file is looked at"},
        {.call = "stat", .verdict = ROLE_REFUSE, .why = "no file is looked at"},
        {.call = "lstat", .verdict = ROLE_REFUSE, .why = "no file is looked at"},
        {.call = "newfstatat", .verdict = ROLE_REFUSE, .n = 1, .when = {{3, AT_EMPTY_PATH, 0}},
         .why = "no file is looked at"},
        {.call = "statx", .verdict = ROLE_REFUSE, .n = 1, .when = {{2, AT_EMPTY_PATH, 0}}, .why = "no file is looked at"},
        {.call = "readlink", .verdict = ROLE_REFUSE, .why = "no file is looked at"},
        {.call = "readlinkat", .verdict = ROLE_REFUSE, .why = "no file is looked at"},
};
/* clang-format on */

const SandboxRole sandbox_gateway = {"gateway", gateway_calls, ARRAY_SIZE(gateway_calls)};

static const char *const fence_names[_ROLE_FENCE_MAX] = {
#define F(id, word) [ROLE_FENCE_##id] = (word),
        ROLE_FENCES(F)
#undef F
};

const char *role_fence_name(unsigned fence)
{
        return fence < _ROLE_FENCE_MAX ? fence_names[fence] : NULL;
}
