/* tcp_client PORT SIZE: sends all, half-closes, and only then reads and checks. */
#include "winsock.h"
#include "pattern.h"

int main(int count, char **arguments)
{
    static char buffer[65536];
    struct sockaddr_in address;
    unsigned long long size, place, i;
    SOCKET server;
    int length;

    if (count != 3) return 2;
    size = strtoull(arguments[2], NULL, 10);
    start_winsock();
    server = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    if (server == INVALID_SOCKET) fail("socket");
    address = loopback(arguments[1]);
    if (connect(server, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    for (place = 0; place < size; place += (unsigned long long)length) {
        int wanted = size - place < sizeof buffer ? (int)(size - place) : (int)sizeof buffer;
        for (i = 0; i < (unsigned long long)wanted; i++) buffer[i] = pattern(place + i);
        length = send(server, buffer, wanted, 0);
        if (length == SOCKET_ERROR) fail("send");
    }
    if (shutdown(server, SD_SEND) != 0) fail("shutdown");
    place = 0;
    while ((length = recv(server, buffer, sizeof buffer, 0)) > 0) {
        for (i = 0; i < (unsigned long long)length; i++) {
            if (buffer[i] != pattern(place + i)) {
                fprintf(stderr, "byte %llu differs\n", place + i);
                return 1;
            }
        }
        place += (unsigned long long)length;
    }
    if (length == SOCKET_ERROR) fail("recv");
    closesocket(server);
    printf("%llu bytes back\n", place);
    return place == size ? 0 : 1;
}
