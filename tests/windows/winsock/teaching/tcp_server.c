/* tcp_server: echoes one client until it shuts down its sending side. */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <stdio.h>

#ifndef PORT
#define PORT "27015"
#endif

int main(void)
{
    WSADATA data;
    struct addrinfo hints = {0}, *local = NULL;
    SOCKET listener, client;
    char buffer[512];
    int received, sent;

    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return 1;
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_protocol = IPPROTO_TCP;
    hints.ai_flags = AI_PASSIVE;
    if (getaddrinfo(NULL, PORT, &hints, &local) != 0) return 1;

    listener = socket(local->ai_family, local->ai_socktype, local->ai_protocol);
    if (listener == INVALID_SOCKET) return 1;
    if (bind(listener, local->ai_addr, (int)local->ai_addrlen) == SOCKET_ERROR) return 1;
    freeaddrinfo(local);
    if (listen(listener, SOMAXCONN) == SOCKET_ERROR) return 1;

    client = accept(listener, NULL, NULL); /* Fault: one client, and no other after it. */
    if (client == INVALID_SOCKET) return 1;
    closesocket(listener);

    do {
        received = recv(client, buffer, sizeof buffer, 0); /* Fault: waits for ever. */
        if (received > 0) {
            printf("Bytes received: %d\n", received);
            sent = send(client, buffer, received, 0); /* Fault: what was not taken is lost. */
            if (sent == SOCKET_ERROR) return 1;
            printf("Bytes sent: %d\n", sent);
        } else if (received == 0) {
            printf("Connection closing...\n");
        } else {
            return 1;
        }
    } while (received > 0);

    if (shutdown(client, SD_SEND) == SOCKET_ERROR) return 1;
    closesocket(client);
    WSACleanup();
    return 0;
}
