#pragma once
/* Where things are when nobody says. */

/* The installed rules, else ./rules. */
const char *tw_default_rules(void);
