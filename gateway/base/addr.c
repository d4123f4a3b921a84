#include "base/addr.h"

#include <arpa/inet.h>

static size_t ipv4_text(char *out, const uint8_t *b)
{
    size_t n = 0;
    for (int i = 0; i < 4; i++) {
        if (i > 0)
            out[n++] = '.';
        if (b[i] >= 100)
            out[n++] = (char)('0' + b[i] / 100);
        if (b[i] >= 10)
            out[n++] = (char)('0' + b[i] / 10 % 10);
        out[n++] = (char)('0' + b[i] % 10);
    }
    return n;
}

size_t tw_ip_text(char *out, const struct tw_ip *ip)
{
    char text[INET6_ADDRSTRLEN];
    if (ip->family == 4)
        return ipv4_text(out, ip->b);
    if (ip->family == 0 || inet_ntop(AF_INET6, ip->b, text, sizeof(text)) == NULL)
        return 0;
    size_t n = strlen(text);
    memcpy(out, text, n);
    return n;
}

size_t tw_mac_text(char *out, const uint8_t mac[6])
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;
    for (int i = 0; i < 6; i++) {
        if (i > 0)
            out[n++] = ':';
        out[n++] = digits[mac[i] >> 4];
        out[n++] = digits[mac[i] & 15];
    }
    return n;
}

bool tw_ip_parse(struct tw_str s, struct tw_ip *out)
{
    char text[INET6_ADDRSTRLEN];
    struct tw_ip ip = {0};
    if (s.p == NULL || s.len >= sizeof(text))
        return false;
    tw_str_copy(text, sizeof(text), s);
    if (inet_pton(AF_INET, text, ip.b) == 1)
        ip.family = 4;
    else if (inet_pton(AF_INET6, text, ip.b) == 1)
        ip.family = 6;
    else
        return false;
    *out = ip;
    return true;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool tw_mac_parse(struct tw_str s, uint8_t out[6])
{
    uint8_t mac[6];
    if (s.p == NULL || s.len != 17)
        return false;
    for (size_t i = 0; i < 6; i++) {
        int high = hex(s.p[i * 3]), low = hex(s.p[i * 3 + 1]);
        if (high < 0 || low < 0 || (i < 5 && s.p[i * 3 + 2] != ':' && s.p[i * 3 + 2] != '-'))
            return false;
        mac[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(out, mac, sizeof(mac));
    return true;
}
