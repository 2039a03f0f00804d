#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role of the short-lived process that reads a configuration: it parses,
 * looks references, commands and users up, and leaves its findings, the two
 * blobs and the canonical text in memfds that it was given (see
 * spawn/validate.h). Whatever a file does to it, nobody else is hurt.
 */

#include "base/macro.h"

int validator_main(int argc, char **argv);
