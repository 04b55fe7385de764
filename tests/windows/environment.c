/* Prints the variables that it was started with: it stands for Deno in a file. */
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  for (char **variable = environ; *variable != NULL; variable++) puts(*variable);
  return 0;
}
