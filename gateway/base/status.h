#pragma once
/* What a call could not do. The traffic being wrong is never a status: that is an anomaly event.
 * Every function that returns one must be checked; outputs are untouched on failure. */

#define TW_STATUS_TABLE(X)                                                                         \
    X(TW_OK, "ok")                                                                                 \
    X(TW_NEED_MORE, "more bytes needed")                                                           \
    X(TW_MALFORMED, "malformed")                                                                   \
    X(TW_NO_MEMORY, "out of memory")                                                               \
    X(TW_FULL, "a configured limit is reached")                                                    \
    X(TW_NOT_FOUND, "not found")                                                                   \
    X(TW_INVALID, "invalid")                                                                       \
    X(TW_IO, "input or output failed")                                                             \
    X(TW_PERMISSION, "no permission or no such interface")                                         \
    X(TW_DAMAGED, "a capture is damaged, cut short or no capture")                                 \
    X(TW_END, "end of input")                                                                      \
    X(TW_AGAIN, "nothing now")

enum tw_status {
#define TW_STATUS_ENUM(name, text) name,
    TW_STATUS_TABLE(TW_STATUS_ENUM)
#undef TW_STATUS_ENUM
};

#define TW_MUST_CHECK __attribute__((warn_unused_result))

/* Return from the calling function unless `call` is TW_OK. The only macro that changes control
 * flow. */
#define TW_TRY(call)                                                                               \
    do {                                                                                           \
        enum tw_status tw_try_status_ = (call);                                                    \
        if (tw_try_status_ != TW_OK)                                                               \
            return tw_try_status_;                                                                 \
    } while (0)

/* A short English phrase; never NULL. */
const char *tw_status_text(enum tw_status status);
