/* udp_server PORT COUNT: echoes so many datagrams, then exits. */
#include "winsock.h"

int main(int count, char **arguments)
{
    static char buffer[65536];
    struct sockaddr_in address, peer;
    SOCKET server;
    int left;

    if (count != 3) return 2;
    start_winsock();
    server = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    if (server == INVALID_SOCKET) fail("socket");
    address = loopback(arguments[1]);
    if (bind(server, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
    puts("ready");
    fflush(stdout);
    for (left = atoi(arguments[2]); left > 0; left--) {
        int peer_size = sizeof peer;
        int length = recvfrom(server, buffer, sizeof buffer, 0, (struct sockaddr *)&peer, &peer_size);
        if (length == SOCKET_ERROR) fail("recvfrom");
        if (sendto(server, buffer, length, 0, (struct sockaddr *)&peer, peer_size) != length)
            fail("sendto");
    }
    closesocket(server);
    puts("done");
    return 0;
}
