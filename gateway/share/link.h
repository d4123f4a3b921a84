#pragma once
/* One libmosquitto handle and what its callbacks reported. The handle is driven by mosquitto_loop()
 * in the thread that owns the link; nothing here waits longer than a connection attempt to an
 * address that does not answer. */

#include "share/publisher.h"
#include "share/spool.h"

struct mosquitto;

enum { TW_LINK_WINDOW = 16, TW_LINK_KEEP_ALIVE_S = 30 };

struct tw_link_ack {
    int mid, reason;
};

struct tw_link {
    struct mosquitto *m;
    int version;   /* 5 or 4 (3.1.1) */
    bool answered; /* CONNACK came, with: */
    int answer;
    char note[192]; /* the last complaint of the library or the broker */
    struct tw_link_ack acks[TW_LINK_WINDOW * 4];
    size_t n_acks;
};

/* `with_will`: announce and keep state, as a gateway does; false for a mere test, with another
 * client id, so that a running gateway is not pushed out. */
TW_MUST_CHECK enum tw_status tw_link_open(
    struct tw_link *link, const struct tw_broker_config *config, int version, bool with_will);
void tw_link_close(struct tw_link *link);

/* Begin to connect, or connect again. 0, or libmosquitto's code. */
int tw_link_connect(struct tw_link *link, const struct tw_broker_config *config);
/* 0, or libmosquitto's code; then `out_mid` is set as well if the library took the message over. */
int tw_link_publish(
    struct tw_link *link, const char *root, const struct tw_spooled *m, int *out_mid);
/* The library has the message and will send it, whatever `rc` complains about. */
bool tw_link_owns(int rc);
/* Sending this again can not help. */
bool tw_link_unsendable(int rc);
/* Wait up to `timeout_ms` for the socket or for `wake_fd` (-1: none), then read, write, keep alive.
 */
int tw_link_loop(struct tw_link *link, int wake_fd, int timeout_ms);
/* Words for what ended a connection: the note, or the meaning of `rc`. */
void tw_link_complaint(const struct tw_link *link, int rc, char *out, size_t size);
/* Words for a CONNACK. */
const char *tw_link_answer_text(const struct tw_link *link);
/* The other protocol version is worth a try after this failure before CONNACK. */
bool tw_link_try_other(const struct tw_link *link, int rc);
