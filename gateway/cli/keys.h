#pragma once
/* --opcua-keys and --tls-keys. */

#include "cli/common.h"

/* The key logs into `config`, NULL without their option; what is wrong with it is printed.
 * TW_EXIT_OK, or TW_EXIT_CONFIG. */
int tw_cli_keys_load(const struct tw_options *o, struct tw_pipeline_config *config);
/* After the run. */
void tw_cli_keys_free(struct tw_pipeline_config *config);
/* Say how far the keys went. */
void tw_cli_keys_report(const struct tw_options *o, const struct tw_pipeline_result *result);
