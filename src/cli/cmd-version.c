/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <yaml.h>

#include "config.h"
#include "cli/cmd-version.h"

/* What configure found: the version, or NULL when it was left out. */
#ifndef VERSION_OF_OPENSSL
#define VERSION_OF_OPENSSL NULL
#endif
#ifndef VERSION_OF_RECORDER
#define VERSION_OF_RECORDER NULL
#endif
#ifndef VERSION_OF_SYSTEMD
#define VERSION_OF_SYSTEMD NULL
#endif

#ifdef __clang__
#define COMPILER "clang " STRINGIFY(__clang_major__) "." STRINGIFY(__clang_minor__)
#else
#define COMPILER "gcc " STRINGIFY(__GNUC__) "." STRINGIFY(__GNUC_MINOR__)
#endif

typedef struct OptionalPart {
        const char *name, *version;
} OptionalPart;

static const OptionalPart optional_parts[] = {
        {"openssl", VERSION_OF_OPENSSL},
        {"recorder", VERSION_OF_RECORDER},
        {"systemd", VERSION_OF_SYSTEMD},
};

void version_print(FILE *f)
{
        fprintf(f, "%s %s\n", PACKAGE_NAME, PACKAGE_VERSION);
        for (size_t i = 0; i < ARRAY_SIZE(optional_parts); i++) {
                const OptionalPart *p = &optional_parts[i];
                fprintf(f, p->version ? "+%s %s\n" : "-%s%s\n", p->name,
                        p->version ? p->version : " (not built in)");
        }
        fprintf(f, "compiler %s\n", COMPILER);
        fprintf(f, "libyaml %s\n", yaml_get_version_string());
        fprintf(f, "jansson %s\n", jansson_version_str());
}

static int version_entry(const CommandCall *call UNUSED)
{
        version_print(stdout);
        return EXIT_CODE_DONE;
}

const Command cmd_version = {
        .name = "version",
        .summary = "show the version and what was built in",
        .description = "Shows the version, then one line for each optional part: \"+NAME VERSION\" when "
                       "it was built in, \"-NAME\" when not; then the compiler and the libraries in use.",
        .usage = "",
        .entry = version_entry,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE),
};
