/* udp_server: sends one datagram back, and exits. */
#include <winsock2.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef PORT
#define PORT "7000"
#endif

int main(void)
{
    WSADATA data;
    SOCKET server;
    struct sockaddr_in local = {0}, client;
    int size = sizeof client;
    char buffer[1024]; /* Fault: what does not fit is cut off. */

    WSAStartup(MAKEWORD(2, 2), &data);
    server = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    local.sin_family = AF_INET;
    local.sin_port = htons((unsigned short)atoi(PORT));
    local.sin_addr.s_addr = htonl(INADDR_ANY);
    bind(server, (struct sockaddr *)&local, sizeof local); /* Fault: did it? */

    recvfrom(server, buffer, sizeof buffer, 0, (struct sockaddr *)&client, &size); /* Fault: how many? */
    printf("%s\n", buffer); /* Fault: where does the text end? */
    sendto(server, buffer, sizeof buffer, 0, (struct sockaddr *)&client, size); /* Fault: always 1024. */

    closesocket(server);
    WSACleanup();
    return 0;
}
