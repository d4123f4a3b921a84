#pragma once
/* The three sorts of traffic. Each is opened with all its connections, then makes one exchange a
 * step, and ends by closing what is open. `inventory` writes the lines that register its hosts. */

#include "wire.h"

struct mqtt;
struct mqtt *mqtt_new(struct wire *w, uint32_t clients);
void mqtt_step(struct wire *w, struct mqtt *m);
void mqtt_end(struct wire *w, struct mqtt *m);
/* `brief`: those that are no AI systems in groups, without client ids and permissions. */
void mqtt_inventory(const struct mqtt *m, bool brief, FILE *assets, FILE *ai, FILE *variables);

struct opcua;
struct opcua *opcua_new(struct wire *w, uint32_t sessions);
void opcua_step(struct wire *w, struct opcua *u);
void opcua_end(struct wire *w, struct opcua *u);
void opcua_inventory(const struct opcua *u, FILE *assets, FILE *ai, FILE *variables);

struct other;
struct other *other_new(struct wire *w);
void other_step(struct wire *w, struct other *o);
void other_end(struct wire *w, struct other *o);
void other_inventory(const struct other *o, FILE *assets);
