/* tcp_server PORT: echoes one client, blocking, to its half-close. */
#include "winsock.h"

int main(int count, char **arguments)
{
    static char buffer[65536];
    struct sockaddr_in address;
    SOCKET listener, client;
    int received;

    if (count != 2) return 2;
    start_winsock();
    listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    if (listener == INVALID_SOCKET) fail("socket");
    address = loopback(arguments[1]);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
    if (listen(listener, 1) != 0) fail("listen");
    puts("ready");
    fflush(stdout);
    client = accept(listener, NULL, NULL);
    if (client == INVALID_SOCKET) fail("accept");
    closesocket(listener);
    while ((received = recv(client, buffer, sizeof buffer, 0)) > 0) {
        int sent = 0;
        while (sent < received) {
            int taken = send(client, buffer + sent, received - sent, 0);
            if (taken == SOCKET_ERROR) fail("send");
            sent += taken;
        }
    }
    if (received == SOCKET_ERROR) fail("recv");
    if (shutdown(client, SD_SEND) != 0) fail("shutdown");
    closesocket(client);
    puts("done");
    return 0;
}
