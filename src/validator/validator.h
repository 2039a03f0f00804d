#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role that reads a configuration in a short-lived process of its own.
 */

#include "base/macro.h"

int validator_main(int argc, char **argv);
