/*
 * How evenly clients were served, from how many messages each had, and how long
 * each waited at most: what both the generator of load and the judge of clients
 * print.
 */
#include <stdio.h>
#include <stdlib.h>

static int fairness_ascending(const void *a, const void *b) {
  long x = *(const long *)a, y = *(const long *)b;
  return (x > y) - (x < y);
}

/*
 * Prints members of a JSON object: the longest wait of any client in
 * milliseconds, the least share over the median one, and Jain's index, which is
 * 1 where all had the same and 1/N where one of N had everything. It sorts the
 * counts.
 */
static void print_fairness(long *counts, int clients, double longest_wait) {
  double sum = 0, squares = 0;
  for (int i = 0; i < clients; i++) {
    sum += counts[i];
    squares += (double)counts[i] * counts[i];
  }
  qsort(counts, clients, sizeof *counts, fairness_ascending);
  long median = counts[clients / 2];
  printf("\"longest_wait_ms\":%.3f,\"least_share\":%.4f,\"jain\":%.4f",
         longest_wait * 1e3, median > 0 ? (double)counts[0] / median : 0,
         squares > 0 ? sum * sum / (clients * squares) : 0);
}
