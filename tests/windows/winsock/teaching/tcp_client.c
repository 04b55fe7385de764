/* tcp_client SERVER: sends a line of text, half-closes, reads until the server closes. */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <stdio.h>
#include <string.h>

#ifndef PORT
#define PORT "27015"
#endif

int main(int count, char **arguments)
{
    WSADATA data;
    struct addrinfo hints = {0}, *all = NULL, *each;
    SOCKET server = INVALID_SOCKET;
    const char *message = "this is a test";
    char buffer[512];
    int sent, received;

    if (count != 2) {
        printf("usage: %s server-name\n", arguments[0]);
        return 1;
    }
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return 1;
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_protocol = IPPROTO_TCP;
    if (getaddrinfo(arguments[1], PORT, &hints, &all) != 0) return 1;

    for (each = all; each != NULL; each = each->ai_next) {
        server = socket(each->ai_family, each->ai_socktype, each->ai_protocol);
        if (server == INVALID_SOCKET) return 1;
        if (connect(server, each->ai_addr, (int)each->ai_addrlen) == 0) break;
        closesocket(server);
        server = INVALID_SOCKET;
    }
    freeaddrinfo(all);
    if (server == INVALID_SOCKET) {
        printf("Unable to connect to server!\n");
        return 1;
    }

    sent = send(server, message, (int)strlen(message), 0); /* Fault: may take less. */
    if (sent == SOCKET_ERROR) return 1;
    printf("Bytes Sent: %d\n", sent);
    if (shutdown(server, SD_SEND) == SOCKET_ERROR) return 1;

    do {
        received = recv(server, buffer, sizeof buffer, 0); /* Fault: waits for ever. */
        if (received > 0) printf("Bytes received: %d\n", received);
        else if (received == 0) printf("Connection closed\n");
        else printf("recv failed with error: %d\n", WSAGetLastError());
    } while (received > 0);

    closesocket(server);
    WSACleanup();
    return 0;
}
