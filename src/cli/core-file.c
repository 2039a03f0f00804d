/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/prctl.h>

#include "base/macro.h"
#include "cli/core-file.h"

/* Not a limit: a child would inherit that. The kernel takes this back at its exec. */
void core_file_forbid(void)
{
#ifndef ASAN_BUILD /* whose search for leaks looks into us */
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
