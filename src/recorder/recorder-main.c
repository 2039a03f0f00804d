/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mcpvisor-recorder: the process for everything that may block (history,
 * audit, traces), so that no other process links SQLite or libcurl. It is
 * started by mcpvisor and knows nothing of sessions or children.
 */
#include "config.h"

#include <curl/curl.h>
#include <sqlite3.h>

#include "base/macro.h"
#include "build-id.h"

enum { RECORDER_NOT_BY_HAND = 125 }; /* the status of a program that could not begin */

static int print_version(void)
{
        const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
        printf("mcpvisor-recorder %s (build %s)\nSQLite %s\nlibcurl %s\n", PACKAGE_VERSION, MCPVISOR_BUILD_ID,
               sqlite3_libversion(), curl->version);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
        if (argc == 2 && strcmp(argv[1], "--version") == 0)
                return print_version();
        (void)fputs("mcpvisor-recorder: this program is started by mcpvisor, not by hand\n", stderr);
        return RECORDER_NOT_BY_HAND;
}
