/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/error-code.h"

const RpcErrorRow rpc_error_table[_RPC_ERROR_MAX] = {
#define E(id, number, status, words) {.name = #id, .text = (words), .code = (number), .http = (status)},
        RPC_ERRORS(E)
#undef E
};
