/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include "sandbox/seccomp-private.h"

#define X32_BIT 0x40000000U

/* Where the low half of an argument is. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { LOW_HALF = 0 };
#else
enum { LOW_HALF = 4 };
#endif

static int put(Buf *b, struct sock_filter f)
{
        return buf_append(b, &f, sizeof(f));
}

static int load(Buf *b, size_t offset)
{
        return put(b, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* If what is loaded compares so, the verdict; else on. */
static int verdict_if(Buf *b, uint16_t how, uint32_t value, uint32_t verdict)
{
        int r = put(b, (struct sock_filter)BPF_JUMP(BPF_JMP | how | BPF_K, value, 0, 1));
        return r < 0 ? r : put(b, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

static int refuse(Buf *b, int number, const SeccompWhen *when, size_t n)
{
        enum { EACH = 3, END = 1 };
        uint8_t left = (uint8_t)(n * EACH + END);
        int r = load(b, offsetof(struct seccomp_data, nr));
        if (r == 0)
                r = put(b,
                        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, left));
        for (size_t i = 0; r == 0 && i < n; i++) {
                left = (uint8_t)(left - EACH);
                r = load(b, offsetof(struct seccomp_data, args) + when[i].arg * sizeof(uint64_t) + LOW_HALF);
                if (r == 0)
                        r = put(b, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, when[i].mask));
                if (r == 0)
                        r = put(b, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, when[i].value, 0,
                                                                left));
        }
        return r < 0 ? r : put(b, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
}

static int refuse_all(const SeccompChoice *c, Buf *b)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < seccomp_refusals_size; i++) {
                const SeccompRefusal *row = &seccomp_refusals[i];
                int number = seccomp_number(row->call);
                if (number >= 0 && !seccomp_choice_has(c, row->call, CALL_FREE))
                        r = refuse(b, number, row->when, row->n);
        }
        return r;
}

/* A process, its group, and everybody. */
static int refuse_signals(const SeccompChoice *c, Buf *b)
{
        static const char *const calls[] = {"kill", "tkill", "tgkill", "rt_sigqueueinfo",
                                            "rt_tgsigqueueinfo"};
        const pid_t *p = c->args->untouchable;
        int r = 0;
        if (!p || !*p)
                return 0;
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(calls); i++) {
                int number = seccomp_number(calls[i]);
                if (number < 0)
                        continue;
                r = refuse(b, number, &(SeccompWhen){0, UINT32_MAX, UINT32_MAX}, 1);
                for (const pid_t *at = p; r == 0 && *at; at++) {
                        r = refuse(b, number, &(SeccompWhen){0, UINT32_MAX, (uint32_t)*at}, 1);
                        if (r == 0)
                                r = refuse(b, number, &(SeccompWhen){0, UINT32_MAX, (uint32_t) - *at}, 1);
                }
        }
        return r;
}

int seccomp_head_write(const SeccompChoice *c, Buf *b)
{
        uint32_t arch = seccomp_arch_native();
        int clone3 = seccomp_number("clone3");
        int r = load(b, offsetof(struct seccomp_data, arch));
        if (r == 0)
                r = put(b, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0));
        if (r == 0)
                r = put(b, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
        if (r == 0)
                r = load(b, offsetof(struct seccomp_data, nr));
        if (r == 0 && arch == AUDIT_ARCH_X86_64)
                r = verdict_if(b, BPF_JGE, X32_BIT, SECCOMP_RET_KILL_PROCESS);
        if (r == 0)
                r = verdict_if(b, BPF_JGT, (uint32_t)c->highest, SECCOMP_RET_ERRNO | ENOSYS);
        /* Its flags lie in memory, where a filter cannot look: programs fall back to clone. */
        if (r == 0 && clone3 >= 0 && !seccomp_choice_has(c, "clone3", CALL_ALLOWED))
                r = verdict_if(b, BPF_JEQ, (uint32_t)clone3, SECCOMP_RET_ERRNO | ENOSYS);
        if (r == 0)
                r = refuse_all(c, b);
        return r < 0 ? r : refuse_signals(c, b);
}
