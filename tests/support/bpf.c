/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <linux/filter.h>

#include "support/bpf.h"

static bool jump(uint16_t code, uint32_t a, uint32_t k)
{
        switch (BPF_OP(code)) {
        case BPF_JEQ:
                return a == k;
        case BPF_JGT:
                return a > k;
        case BPF_JGE:
                return a >= k;
        case BPF_JSET:
                return a & k;
        default:
                fail();
                return false;
        }
}

uint32_t bpf_run(Span program, const struct seccomp_data *data)
{
        const struct sock_filter *code = (const void *)program.ptr;
        size_t n = program.len / sizeof(*code);
        uint32_t a = 0;
        for (size_t i = 0; i < n; i++) {
                const struct sock_filter *c = &code[i];
                switch (BPF_CLASS(c->code)) {
                case BPF_LD:
                        assert_true(c->k + sizeof(a) <= sizeof(*data) && c->k % sizeof(a) == 0);
                        memcpy(&a, (const char *)data + c->k, sizeof(a));
                        break;
                case BPF_ALU:
                        assert_int_equal(BPF_OP(c->code), BPF_AND);
                        a &= c->k;
                        break;
                case BPF_JMP:
                        i += BPF_OP(c->code) == BPF_JA ? c->k : jump(c->code, a, c->k) ? c->jt : c->jf;
                        break;
                case BPF_RET:
                        return c->k;
                default:
                        fail();
                }
        }
        fail();
        return 0;
}
