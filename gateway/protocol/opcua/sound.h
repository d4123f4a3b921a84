#pragma once
/* Requests of the services that are most of the traffic, told to be sound at a glance: each request
 * is looked through when it comes, and hardly any has something wrong with it. */

#include "base/cursor.h"
#include "protocol/opcua/service.h"

/* Is there nothing that could be wrong with what follows the request's header? False where it takes
 * a closer look to tell. */
bool tw_opcua_is_sound(const struct tw_opcua_service *service, struct tw_cur rest);
