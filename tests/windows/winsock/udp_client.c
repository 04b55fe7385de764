/* udp_client PORT SIZE...: sends a datagram of each size and checks the answer. */
#include "winsock.h"
#include "pattern.h"

int main(int count, char **arguments)
{
    static char sent[65536], received[65536];
    struct sockaddr_in address;
    DWORD patience = 5000;
    SOCKET client;
    int i, argument;

    if (count < 3) return 2;
    start_winsock();
    client = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    if (client == INVALID_SOCKET) fail("socket");
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, (const char *)&patience, sizeof patience);
    address = loopback(arguments[1]);
    for (argument = 2; argument < count; argument++) {
        int length, size = atoi(arguments[argument]);
        for (i = 0; i < size; i++) sent[i] = pattern((unsigned long long)(i + argument));
        if (sendto(client, sent, size, 0, (struct sockaddr *)&address, sizeof address) != size)
            fail("sendto");
        length = recvfrom(client, received, sizeof received, 0, NULL, NULL);
        if (length == SOCKET_ERROR) fail("recvfrom");
        if (length != size || memcmp(sent, received, (size_t)size) != 0) {
            fprintf(stderr, "the answer to %d bytes differs\n", size);
            return 1;
        }
        printf("%d bytes back\n", length);
    }
    closesocket(client);
    return 0;
}
