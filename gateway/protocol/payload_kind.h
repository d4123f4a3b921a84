#pragma once
/* What bytes are by the marks that their format begins with: images, archives, artefacts of models.
 * Only marks that are long or that can be checked count. Nothing is decoded. */

#include "base/str.h"
#include "event/payload_names.h"

/* Of the first bytes of a payload of `total` bytes; `bytes` may be less when it was cut. UNKNOWN
 * when there is no such mark. */
enum tw_payload_kind tw_payload_kind_of(struct tw_str bytes, uint64_t total);
