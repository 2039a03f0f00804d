/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the generated documents, for `make docs` and the test that the
 * committed ones are fresh: `mcpvisor-docs NAME` writes one to stdout,
 * `mcpvisor-docs list` the names and the files where they belong.
 */

#include "cli/completion.h"
#include "docs.h"

/* Sorted by name. */
static const Document documents[] = {
        {"completion-bash", "contrib/completion/mcpvisor.bash", completion_bash},
        {"completion-fish", "contrib/completion/mcpvisor.fish", completion_fish},
        {"completion-zsh", "contrib/completion/_mcpvisor", completion_zsh},
        {"configuration", "docs/configuration.md", docs_configuration},
        {"limits", "docs/limits.md", docs_limits},
        {"man1", "docs/man/mcpvisor.1", docs_man1},
        {"man5", "docs/man/mcpvisor.yaml.5", docs_man5},
        {"methods", "docs/methods.md", docs_methods},
        {"metrics", "docs/metrics.md", docs_metrics},
        {"schema", "contrib/mcpvisor.schema.json", docs_schema},
        {"states", "docs/states.md", docs_states},
};

static int write_document(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(documents); i++)
                if (strcmp(documents[i].name, name) == 0) {
                        documents[i].write(stdout);
                        return 0;
                }
        fprintf(stderr, "mcpvisor-docs: there is no document %s\n", name);
        return 2;
}

static void write_list(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(documents); i++)
                printf("%s %s\n", documents[i].name, documents[i].file);
}

int main(int argc, char **argv)
{
        if (argc != 2) {
                fputs("usage: mcpvisor-docs list | NAME\n", stderr);
                return 2;
        }
        int r = 0;
        if (strcmp(argv[1], "list") == 0)
                write_list();
        else
                r = write_document(argv[1]);
        if (fflush(stdout) != 0 || ferror(stdout)) {
                fputs("mcpvisor-docs: cannot write to standard output\n", stderr);
                return 1;
        }
        return r;
}
