/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/securebits.h>

#include "sandbox/capability.h"

enum { HIGHEST = 63 }; /* two words of 32; the kernel will not have more without a new call */

uint32_t capability_securebits(void)
{
        return SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
               SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
}

uint32_t capability_highest(void)
{
        return HIGHEST;
}
