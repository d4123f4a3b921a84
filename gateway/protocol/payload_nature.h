#pragma once
/* What a payload that is no data of a sensor is up to: what loading it does, and what it says about
 * where it comes from. By marks only: no content is judged. */

#include "base/str.h"
#include "event/payload_names.h"

/* `kind` is what tw_payload_kind_of() said. `out_calls` is set for TW_DANGER_PICKLE, and static. */
enum tw_payload_danger tw_payload_danger_of(
    struct tw_str bytes, enum tw_payload_kind kind, const char **out_calls);

/* The label in a picture, film, sound or document, looked for at its beginning and at its end: the
 * implicit label of AI-generated content [GB 45438-2025], or a digital source type of IPTC, which
 * C2PA manifests use, too. Compressed or encrypted metadata is not opened. */
enum tw_payload_origin tw_payload_origin_of(struct tw_str bytes);
