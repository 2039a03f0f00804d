#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the validator process and whoever starts it agree on: the numbers of
 * the descriptors that it fills, and its exit statuses. Both sides are of one
 * build.
 */

#include "base/macro.h"

enum {
        VALIDATE_FD_DIAGS = 3, /* diag_list_encode() */
        VALIDATE_FD_SUPERVISOR,
        VALIDATE_FD_GATEWAY,     /* config_encode() of each view */
        VALIDATE_FD_TEXT,        /* config_print() */
        VALIDATE_FD_CERTIFICATE, /* ipc/certificate.h; empty without TLS */
        _VALIDATE_FD_MAX,
        VALIDATE_FDS = _VALIDATE_FD_MAX - VALIDATE_FD_DIAGS,
};

/* What messages call a text that is no file. */
#define VALIDATION_COMMAND_LINE "command line"

enum {
        VALIDATOR_VALID = 0,
        VALIDATOR_INVALID = 1, /* the findings say why; nothing else counts */
        VALIDATOR_FAULT = 70,  /* nothing counts */
};
