/* udp_client: sends one datagram to the server, prints the answer, and exits. */
#include <winsock2.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef PORT
#define PORT "7000"
#endif

int main(void)
{
    WSADATA data;
    SOCKET client;
    struct sockaddr_in local = {0}, server = {0};
    int size = sizeof server;
    char buffer[1024]; /* Fault: nothing is ever put into it. */

    WSAStartup(MAKEWORD(2, 2), &data);
    client = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    local.sin_family = AF_INET;
    local.sin_port = htons((unsigned short)atoi(PORT)); /* Fault: the server's own port. */
    local.sin_addr.s_addr = htonl(INADDR_ANY);
    bind(client, (struct sockaddr *)&local, sizeof local);

    server.sin_family = AF_INET;
    server.sin_port = htons((unsigned short)atoi(PORT)); /* Fault: and sin_addr? */
    sendto(client, buffer, sizeof buffer, 0, (struct sockaddr *)&server, sizeof server);
    recvfrom(client, buffer, sizeof buffer, 0, (struct sockaddr *)&server, &size); /* Fault: for ever. */
    printf("%s\n", buffer);

    closesocket(client);
    WSACleanup();
    return 0;
}
