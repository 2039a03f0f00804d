/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/exit-code.h"

const ExitCodeRow exit_code_table[] = {
#define E(name, value, doc) {EXIT_CODE_##name, (doc)},
        EXIT_CODES(E)
#undef E
};

const size_t exit_code_table_size = ARRAY_SIZE(exit_code_table);

const char *exit_code_doc(int code)
{
        for (size_t i = 0; i < exit_code_table_size; i++)
                if ((int)exit_code_table[i].code == code)
                        return exit_code_table[i].doc;
        return NULL;
}
