#pragma once
/* Python's pickle: a program for a stack machine, protocols 0 to 5 (PEP 307, 3154, 574; the opcodes
 * are those of the module pickletools). To load one is to run it. Here it is only walked: which
 * functions would it call? Nothing recurses, every opcode moves the cursor. */

#include "base/cursor.h"

/* The module of the first function it calls that runs commands or code ("os", "subprocess"), a
 * static text; NULL where it calls none before its end, before what is no opcode, or before the
 * bytes end. Functions are known by the names that the pickle gives them. */
const char *tw_pickle_calls(struct tw_str bytes);
