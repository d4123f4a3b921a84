#include <stdlib.h>

#include "base/timefmt.h"
#include "session/opcua.h"

/* A session that was not closed and has been silent for so long says nothing about now. */
#define LIVE_NS (60 * TW_NS_PER_S)

enum { PLACES = 8 };

struct place {
    struct tw_ip ip;
    uint32_t sessions;
    int64_t last_ns;
};

struct app {
    struct place place[PLACES];
};

struct tw_opcua_live {
    struct tw_seed seed;
    struct tw_table *apps; /* ApplicationUri → its places */
};

struct tw_opcua_live *tw_opcua_live_new(size_t capacity)
{
    struct tw_opcua_live *live = calloc(1, sizeof(*live));
    if (live == NULL)
        return NULL;
    live->seed = tw_seed_random();
    live->apps = tw_table_new(sizeof(struct tw_text_key), sizeof(struct app), capacity, live->seed);
    if (live->apps == NULL) {
        free(live);
        return NULL;
    }
    return live;
}

void tw_opcua_live_free(struct tw_opcua_live *live)
{
    if (live == NULL)
        return;
    tw_table_free(live->apps);
    free(live);
}

struct tw_text_key tw_opcua_live_key(const struct tw_opcua_live *live, struct tw_str uri)
{
    return tw_text_key(live->seed, uri);
}

static struct place *place_of(struct app *app, const struct tw_ip *ip)
{
    for (size_t i = 0; app != NULL && i < PLACES; i++)
        if (app->place[i].ip.family == ip->family && ip->family != 0 &&
            tw_ip_eq(&app->place[i].ip, ip))
            return &app->place[i];
    return NULL;
}

/* A free place, else the one that was quiet longest. */
static struct place *new_place(struct app *app)
{
    struct place *best = &app->place[0];
    for (size_t i = 0; i < PLACES; i++) {
        if (app->place[i].sessions == 0)
            return &app->place[i];
        if (app->place[i].last_ns < best->last_ns)
            best = &app->place[i];
    }
    return best;
}

void tw_opcua_live_add(struct tw_opcua_live *live, const struct tw_text_key *app_key,
    const struct tw_ip *ip, int64_t ts_ns)
{
    struct app *app = tw_table_put(live->apps, app_key, NULL);
    struct place *place = place_of(app, ip);
    if (place == NULL) {
        place = new_place(app);
        *place = (struct place){.ip = *ip};
    }
    place->sessions++;
    place->last_ns = ts_ns;
}

void tw_opcua_live_remove(
    struct tw_opcua_live *live, const struct tw_text_key *app_key, const struct tw_ip *ip)
{
    struct place *place = place_of(tw_table_peek(live->apps, app_key), ip);
    if (place != NULL && place->sessions > 0)
        place->sessions--;
}

uint32_t tw_opcua_live_app(struct tw_opcua_live *live, const struct tw_text_key *app_key)
{
    const struct app *app = tw_table_peek(live->apps, app_key);
    return app == NULL ? TW_OPCUA_NOT_LIVE : tw_table_index(live->apps, app);
}

bool tw_opcua_live_touch(struct tw_opcua_live *live, uint32_t app_index, const struct tw_ip *ip,
    int64_t ts_ns, struct tw_ip *out)
{
    if (app_index == TW_OPCUA_NOT_LIVE)
        return false;
    struct app *app = tw_table_use(live->apps, app_index);
    struct place *mine = place_of(app, ip);
    if (mine != NULL)
        mine->last_ns = ts_ns;
    for (size_t i = 0; i < PLACES; i++) {
        const struct place *other = &app->place[i];
        if (other == mine || other->sessions == 0 || ts_ns - other->last_ns >= LIVE_NS)
            continue;
        *out = other->ip;
        return true;
    }
    return false;
}

uint64_t tw_opcua_live_evictions(const struct tw_opcua_live *live)
{
    return tw_table_evictions(live->apps);
}
