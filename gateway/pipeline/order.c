#include "pipeline/order.h"

enum { RUN = 16 };

static void insertion_sort(struct tw_event **events, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct tw_event *e = events[i];
        size_t at = i;
        while (at > 0 && tw_event_order(events[at - 1], e) > 0) {
            events[at] = events[at - 1];
            at--;
        }
        events[at] = e;
    }
}

/* Two sorted stretches, [0, mid) and [mid, n), become one. */
static void merge(struct tw_event **events, size_t mid, size_t n, struct tw_event **scratch)
{
    if (tw_event_order(events[mid - 1], events[mid]) <= 0)
        return;
    memcpy(scratch, events, mid * sizeof(struct tw_event *));
    size_t left = 0, right = mid, at = 0;
    while (left < mid && right < n) {
        if (tw_event_order(scratch[left], events[right]) <= 0)
            events[at++] = scratch[left++];
        else
            events[at++] = events[right++];
    }
    memcpy(events + at, scratch + left, (mid - left) * sizeof(struct tw_event *));
}

void tw_event_sort(struct tw_event **events, size_t n, struct tw_event **scratch)
{
    for (size_t at = 0; at < n; at += RUN)
        insertion_sort(events + at, n - at < RUN ? n - at : RUN);
    for (size_t width = RUN; width < n; width *= 2) {
        for (size_t at = 0; n - at > width; at += 2 * width) {
            merge(events + at, width, n - at < 2 * width ? n - at : 2 * width, scratch);
            if (n - at <= 2 * width)
                break;
        }
    }
}
