#pragma once
/* Names of what payloads are and of what is wrong with them, as events print them and rules ask for
 * them. */

#include <stdbool.h>

/* (name, text, an artefact of a model) */
#define TW_PAYLOAD_KIND_TABLE(X)                                                                   \
    X(CBOR, "cbor", false)                                                                         \
    X(MSGPACK, "msgpack", false)                                                                   \
    X(GZIP, "gzip", false)                                                                         \
    X(ZIP, "zip", false)                                                                           \
    X(PDF, "pdf", false)                                                                           \
    X(MP4, "mp4", false)                                                                           \
    X(WAV, "wav", false)                                                                           \
    X(MP3, "mp3", false)                                                                           \
    X(PNG, "png", false)                                                                           \
    X(JPEG, "jpeg", false)                                                                         \
    X(GIF, "gif", false)                                                                           \
    X(BMP, "bmp", false)                                                                           \
    X(WEBP, "webp", false)                                                                         \
    X(TIFF, "tiff", false)                                                                         \
    X(NUMPY, "numpy", false)                                                                       \
    X(ONNX, "onnx", true)                                                                          \
    X(TFLITE, "tflite", true)                                                                      \
    X(PYTORCH, "pytorch", true)                                                                    \
    X(SAFETENSORS, "safetensors", true)                                                            \
    X(GGUF, "gguf", true)                                                                          \
    X(PICKLE, "pickle", true)                                                                      \
    X(JOBLIB, "joblib", true)                                                                      \
    X(HDF5, "hdf5", true)

/* What loading the payload does, beyond restoring data. */
#define TW_PAYLOAD_DANGER_TABLE(X)                                                                 \
    X(PICKLE, "pickle-call")    /* calls functions that run commands or code */                    \
    X(JAVA, "java-objects")     /* Java Object Serialization Stream Protocol */                    \
    X(DOTNET, "dotnet-objects") /* [MS-NRBF] */                                                    \
    X(LUA, "lua-code")          /* a precompiled chunk */

/* What pictures, films, sounds and documents say about where they come from. */
#define TW_PAYLOAD_ORIGIN_TABLE(X)                                                                 \
    X(AIGC, "aigc-label")     /* the implicit label of GB 45438-2025 */                            \
    X(GENERATED, "generated") /* IPTC digital source type, in C2PA manifests and XMP */

enum tw_payload_danger {
    TW_DANGER_NONE,
#define TW_PAYLOAD_DANGER_ENUM(name, text) TW_DANGER_##name,
    TW_PAYLOAD_DANGER_TABLE(TW_PAYLOAD_DANGER_ENUM)
#undef TW_PAYLOAD_DANGER_ENUM
        TW_DANGERS
};

enum tw_payload_origin {
    TW_ORIGIN_NONE,
#define TW_PAYLOAD_ORIGIN_ENUM(name, text) TW_ORIGIN_##name,
    TW_PAYLOAD_ORIGIN_TABLE(TW_PAYLOAD_ORIGIN_ENUM)
#undef TW_PAYLOAD_ORIGIN_ENUM
        TW_ORIGINS
};

enum tw_payload_kind {
    TW_PAYLOAD_UNKNOWN,
#define TW_PAYLOAD_KIND_ENUM(name, text, is_model) TW_PAYLOAD_##name,
    TW_PAYLOAD_KIND_TABLE(TW_PAYLOAD_KIND_ENUM)
#undef TW_PAYLOAD_KIND_ENUM
        TW_PAYLOAD_KINDS
};

#define TW_PAYLOAD_PROBLEM_TABLE(X)                                                                \
    X(BAD_JSON, "bad-json")                                                                        \
    X(DUPLICATE_KEY, "duplicate-key") /* which of the two counts, readers do not agree on */       \
    X(JSON_TOO_DEEP, "json-too-deep")                                                              \
    X(TOO_MANY_LEAVES, "too-many-leaves")                                                          \
    X(BAD_CBOR, "bad-cbor")                                                                        \
    X(BAD_MSGPACK, "bad-msgpack")                                                                  \
    X(BAD_GZIP, "bad-gzip")                                                                        \
    X(INFLATES_TOO_MUCH, "inflates-too-much")                                                      \
    X(BAD_JSON_RPC, "bad-json-rpc")

enum tw_payload_problem {
    TW_PROBLEM_NONE,
#define TW_PAYLOAD_PROBLEM_ENUM(name, text) TW_PROBLEM_##name,
    TW_PAYLOAD_PROBLEM_TABLE(TW_PAYLOAD_PROBLEM_ENUM)
#undef TW_PAYLOAD_PROBLEM_ENUM
        TW_PROBLEMS
};

/* Static; NULL for UNKNOWN and NONE. */
const char *tw_payload_kind_name(enum tw_payload_kind kind);
const char *tw_payload_problem_name(enum tw_payload_problem problem);
const char *tw_payload_danger_name(enum tw_payload_danger danger);
const char *tw_payload_origin_name(enum tw_payload_origin origin);
bool tw_payload_kind_is_model(enum tw_payload_kind kind);
/* Pictures, films, sounds, documents: what may bear a label. */
bool tw_payload_kind_is_media(enum tw_payload_kind kind);
