/* The yardstick: a loop that takes every packet out of a capture with libpcap and does nothing with
 * it. Prints how many there were. */

#include <pcap/pcap.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    char err[PCAP_ERRBUF_SIZE];
    unsigned long long packets = 0, bytes = 0;
    struct pcap_pkthdr *header;
    const u_char *data;
    int got;
    if (argc != 2) {
        fprintf(stderr, "Usage: bare CAPTURE\n");
        return 2;
    }
    pcap_t *p = pcap_open_offline(argv[1], err);
    if (p == NULL) {
        fprintf(stderr, "bare: %s\n", err);
        return 1;
    }
    while ((got = pcap_next_ex(p, &header, &data)) == 1) {
        packets++;
        bytes += header->caplen;
    }
    if (got != PCAP_ERROR_BREAK)
        pcap_perror(p, "bare");
    pcap_close(p);
    printf("packets %llu\nbytes %llu\n", packets, bytes);
    return got == PCAP_ERROR_BREAK ? 0 : 1;
}
