#pragma once
/* What reader and writer of the file share. Inside baseline/. */
#define TW_BASELINE_SCHEMA "tierwatch.baseline/1"
