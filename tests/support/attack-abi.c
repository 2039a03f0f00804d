/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attempts to get past a filter by another door of the kernel: the calls of
 * 32-bit programs (int 0x80) and those of x32 (bit 30 of the number).
 */
#include "support/attacker.h"

#include <sys/mman.h>

#if defined(__x86_64__)

enum {
        X32 = 0x40000000,
        /* Numbers of the 32-bit table. */
        OLD_GETPID = 20,
        OLD_MOUNT = 21,
        OLD_PTRACE = 26,
        OLD_KILL = 37,
        OLD_SOCKETCALL = 102,
        OLD_CLONE = 120,
        OLD_PERSONALITY = 136,
        OLD_UNSHARE = 310,
        OLD_KEYCTL = 288,
};

/* Numbers as a 32-bit program has them; a pointer among the arguments would have to lie low. */
static int by_interrupt(const AttackContext *c UNUSED, const Attempt *a)
{
        long r = a->number;
        __asm__ volatile("int $0x80"
                         : "+a"(r)
                         : "b"(a->args[0]), "c"(a->args[1]), "d"(a->args[2])
                         : "memory", "r8", "r9", "r10", "r11");
        int32_t result = (int32_t)r;
        return result < 0 && result > -4096 ? -result : 0;
}

/* clang-format off */
#define KILLED .standard = "SIGSYS"
#define OLD(n, ...) by_interrupt, .number = n, .args = {__VA_ARGS__}, KILLED
#define NEW(n, ...) attack_call, .number = X32 | (n), .args = {__VA_ARGS__}, KILLED
#define NO_X32 .unfenced = "done ENOSYS", .note = "a kernel without x32 says ENOSYS"
const Attempt attack_abi[] = {
        {"int80-getpid", OLD(OLD_GETPID, 0)},
        {"int80-unshare", OLD(OLD_UNSHARE, 0x20000)},
        {"int80-ptrace", OLD(OLD_PTRACE, 0)},
        {"int80-personality", OLD(OLD_PERSONALITY, 0x40000)},
        {"int80-socketcall", OLD(OLD_SOCKETCALL, 1, 0), .unfenced = "EFAULT"},
        {"int80-mount", OLD(OLD_MOUNT, 0, 0, 0), .unfenced = "EFAULT"},
        {"int80-kill", OLD(OLD_KILL, 0, 0)},
        {"int80-keyctl", OLD(OLD_KEYCTL, 0, (uint64_t)-4, 0)},
        {"int80-nothing", OLD(4000, 0), .unfenced = "ENOSYS"},
        {"x32-getpid", NEW(39), NO_X32},
        {"x32-read", NEW(0, UINT64_MAX, 0, 0), .unfenced = "EBADF ENOSYS"},
        {"x32-unshare", NEW(272, 0x20000), NO_X32},
        {"x32-ptrace", NEW(521, 0), NO_X32},
        {"x32-execve", NEW(520, 0, 0, 0), .unfenced = "EFAULT ENOSYS"},
        {"x32-ioctl", NEW(514, UINT64_MAX, 0x5412, 0), .unfenced = "EBADF ENOSYS"},
        {"x32-mount", NEW(165, 0, 0, 0, 0, 0), .unfenced = "EFAULT ENOSYS"},
        {"x32-kill", NEW(62, 0, 0), NO_X32},
        {"number-negative", attack_call, .number = -1, .unfenced = "ENOSYS", .standard = "ENOSYS SIGSYS"},
        {"number-of-sign", attack_call, .number = 0x80000000L | 39, .unfenced = "ENOSYS", .standard = "ENOSYS SIGSYS"},
        {0},
};
/* clang-format on */

#else

const Attempt attack_abi[] = {{0}};

#endif
