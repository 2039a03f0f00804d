#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which program a server is: a hash of how it is started, by which it is seen
 * that another one has come under the same name. Made of what messages may
 * show: no secret goes into it, of the environment the names alone.
 */

#include "config/config.h"

uint64_t config_launch(const ServerConfig *s) PURE;
