import { assert, assertEquals } from "@std/assert";
import { connect } from "node:net";
import { parseEvents } from "../setup/events.ts";
import { runRole, startRole } from "../setup/process.ts";
import { metricsUrl, scrape, scrapeUntil } from "../setup/scrape.ts";
import { UdpPeer } from "../setup/udp_peer.ts";
import { until } from "../setup/until.ts";
import { signalTest } from "../setup/where.ts";

const LISTEN = ["--host", "127.0.0.1", "--port", "0"];
const METRICS = ["--metrics", "0"];

for (const transport of ["tcp", "udp"] as const) {
  const server = `${transport}-server` as const;
  const client = `${transport}-client` as const;

  Deno.test(`${client} --metrics tells what its run has measured, as the result does`, async () => {
    await using serving = startRole(server, LISTEN);
    const target = `127.0.0.1:${await serving.listening()}`;
    await using running = startRole(client, [
      target,
      ...["--count", "400", "--interval", "5ms", "--json"],
      ...["--label", 'Room "7"', "--source-label", "lab", ...METRICS],
      ...["--connections", "2"],
    ]);
    const url = await metricsUrl(running);
    const whole = await scrapeUntil(
      url,
      (metrics) => (metrics.value("received_total") ?? 0) > 10,
      "ten answers",
    );
    const labels =
      `target="Room \\"7\\"",transport="${transport}",source="lab"`;
    assert(
      whole.names().includes(`echosounder_sent_total{${labels}}`),
      whole.text,
    );
    const received = whole.value("received_total")!;
    assertEquals(whole.value("rtt_seconds_count"), received);
    assertEquals(
      whole.value("rtt_seconds_bucket", 'le="+Inf"'),
      received,
    );
    assertEquals(whole.value("rtt_seconds_bucket", 'le="10"'), received);
    assertEquals(whole.value("bytes_total", '"received"'), 64 * received);
    assertEquals(whole.value("lost_total"), 0);
    assertEquals(whole.value("outages_total"), 0);
    assertEquals([whole.value("up"), whole.value("measuring")], [1, 1]);
    assert(whole.value("rtt_seconds_sum")! > 0, whole.text);
    const { code, stdout } = await running.outcome();
    assertEquals(code, 0);
    const result = parseEvents(stdout).find(({ event }) => event === "result");
    assertEquals(result?.messages_received, 400);
  });

  signalTest(
    `${client} --metrics never counts a warm-up, and no counter falls`,
    async () => {
      await using serving = startRole(server, LISTEN);
      const target = `127.0.0.1:${await serving.listening()}`;
      await using running = startRole(client, [
        target,
        ...["--interval", "5ms", "--warmup", "500ms", "--json", ...METRICS],
      ]);
      const url = await metricsUrl(running);
      await running.shows('"started"');
      const early = await scrape(url);
      assertEquals(early.value("measuring"), 0);
      assertEquals(early.value("sent_total"), undefined);
      let last = 0;
      await scrapeUntil(
        url,
        (metrics) => {
          const sent = metrics.value("sent_total") ?? 0;
          assert(sent >= last, `${sent} after ${last}`);
          last = sent;
          return sent > 50;
        },
        "50 messages",
      );
      running.signal("SIGINT");
      const { stdout } = await running.outcome();
      const events = parseEvents(stdout);
      const result = events.find(({ event }) => event === "result")!;
      const warm = result.measured.warmup.messages_sent;
      assert(warm > 0, "the warm-up sent messages");
      assert(result.messages_sent >= last, `${result.messages_sent} < ${last}`);
      assert(result.messages_sent < last + warm, "the warm-up was counted");
    },
  );

  Deno.test(`${client} --metrics tells targets apart, and goes on when one cannot be reached`, async () => {
    await using serving = startRole(server, LISTEN);
    const port = await serving.listening();
    const [target, other] = [`127.0.0.1:${port}`, `localhost:${port}`];
    await using running = startRole(client, [
      ...[
        "-4",
        target,
        other,
        "nobody.invalid",
        "--interval",
        "5ms",
        ...METRICS,
      ],
    ]);
    const url = await metricsUrl(running);
    const metrics = await scrapeUntil(
      url,
      (metrics) =>
        [target, other].every((name) =>
          (metrics.value("received_total", `"${name}"`) ?? 0) > 3
        ),
      "answers of both",
    );
    assertEquals(metrics.value("measuring", '"nobody.invalid"'), 0);
    assertEquals(metrics.value("up", '"nobody.invalid"'), undefined);
    assertEquals(metrics.value("sent_total", '"nobody.invalid"'), undefined);
  });

  Deno.test(`${client} --metrics tells nothing of what cannot be known one way`, async () => {
    await using serving = startRole(server, [
      ...LISTEN,
      "--service",
      "discard",
    ]);
    const target = `127.0.0.1:${await serving.listening()}`;
    await using running = startRole(client, [
      ...[target, "--service", "discard", "--rate", "100", ...METRICS],
    ]);
    const metrics = await scrapeUntil(
      await metricsUrl(running),
      (metrics) => (metrics.value("sent_total") ?? 0) > 3,
      "messages",
    );
    for (
      const name of ["lost_total", "received_total", "up", "outages_total"]
    ) assertEquals(metrics.value(name), undefined, name);
    assertEquals(metrics.names("echosounder_rtt_seconds"), []);
    assert(metrics.value("bytes_total", '"sent"')! > 0, metrics.text);
  });

  Deno.test(`${server} --metrics tells what it has served`, async () => {
    await using serving = startRole(server, [...LISTEN, ...METRICS]);
    const target = `127.0.0.1:${await serving.listening()}`;
    const url = await metricsUrl(serving);
    const before = await scrape(url);
    assertEquals(before.value("bytes_total", '"sent"'), 0);
    await runRole(client, [target, "--count", "7"]);
    const metrics = await scrapeUntil(
      url,
      (metrics) => metrics.value("bytes_total", '"sent"') === 7 * 64,
      "all bytes",
    );
    assertEquals(metrics.value("bytes_total", '"received"'), 7 * 64);
    assertEquals(metrics.value("rejected_total", '"not-allowed"'), 0);
    assertEquals(metrics.value("faults_total"), 0);
    if (transport === "tcp") {
      assertEquals(metrics.value("connections_accepted_total"), 1);
      assertEquals(metrics.value("max_connections"), 10_000);
      assertEquals(metrics.value("datagrams_total"), undefined);
    } else {
      assertEquals(metrics.value("datagrams_total", '"sent"'), 7);
      assertEquals(metrics.value("suppressed_total"), 0);
      assertEquals(metrics.value("connections"), undefined);
    }
    assert(metrics.text.includes(`role="${server}"`), metrics.text);
  });

  Deno.test(`${server} --allow holds for its metrics, too, and each rejection is counted by its reason`, async () => {
    await using serving = startRole(server, [
      ...[...LISTEN, ...METRICS, "--allow", "192.0.2.0/24"],
    ]);
    await serving.listening();
    const url = await metricsUrl(serving);
    for (const path of ["/metrics", "/healthz"]) {
      const refused = await fetch(url + path);
      assertEquals(
        [refused.status, await refused.text()],
        [403, "your address is not in the allow-list (--allow)\n"],
      );
    }
  });
}

Deno.test("udp-client --metrics counts losses and outages, and is up again after them", async () => {
  let isOpen = true;
  await using peer = new UdpPeer(async (datagram, answer) => {
    if (isOpen) await answer(datagram);
  });
  await using running = startRole("udp-client", [
    `127.0.0.1:${peer.port}`,
    ...["--interval", "10ms", "--timeout", "100ms", ...METRICS],
  ]);
  const url = await metricsUrl(running);
  await scrapeUntil(url, (all) => all.value("up") === 1, "it is up");
  isOpen = false;
  const down = await scrapeUntil(
    url,
    (all) => all.value("up") === 0,
    "it is down",
  );
  assertEquals(down.value("outages_total"), 1);
  isOpen = true;
  const after = await scrapeUntil(
    url,
    (all) => all.value("up") === 1,
    "it is up again",
  );
  assertEquals(after.value("outages_total"), 1);
  assert(after.value("lost_total")! > 0, after.text);
  const length = after.value("outage_seconds_total")!;
  assert(length > 0.05 && length < 10, `${length} s`);
});

Deno.test("tcp-server --metrics counts its connections, and those that were one too many", async () => {
  await using serving = startRole("tcp-server", [
    ...[...LISTEN, ...METRICS, "--max-connections", "1"],
  ]);
  const port = await serving.listening();
  const url = await metricsUrl(serving);
  const open = connect(port, "127.0.0.1");
  await scrapeUntil(url, (all) => all.value("connections") === 1, "one client");
  await runRole("tcp-client", [`127.0.0.1:${port}`]);
  const full = await scrape(url);
  assertEquals(full.value("rejected_total", '"max-connections"'), 1);
  assertEquals(full.value("rejected_total", '"not-allowed"'), 0);
  open.resetAndDestroy();
  const after = await scrapeUntil(
    url,
    (all) => all.value("connections") === 0,
    "no client",
  );
  assertEquals(after.value("connections_broken_total", '"failed"'), 1);
});

signalTest(
  "/healthz is 503 once a server stops, and its metrics are there until the end",
  async () => {
    await using serving = startRole("tcp-server", [
      ...[...LISTEN, ...METRICS, "--grace", "1m"],
    ]);
    const port = await serving.listening();
    const url = await metricsUrl(serving);
    const open = connect(port, "127.0.0.1");
    await scrapeUntil(
      url,
      (all) => all.value("connections") === 1,
      "one client",
    );
    const healthy = await fetch(`${url}/healthz`);
    assertEquals([healthy.status, await healthy.text()], [200, "ok\n"]);
    serving.signal("SIGTERM");
    await until(async () => {
      const { status, body } = await fetch(`${url}/healthz`);
      await body?.cancel();
      return status === 503;
    }, "a 503");
    assertEquals((await scrape(url)).value("connections"), 1);
    open.end();
    assertEquals((await serving.outcome()).code, 0);
  },
);

Deno.test("a scraper gets OpenMetrics where it asks for it, and the older format else", async () => {
  await using serving = startRole("tcp-server", [...LISTEN, ...METRICS]);
  await serving.listening();
  const url = `${await metricsUrl(serving)}/metrics`;
  const plain = await fetch(url);
  assertEquals(
    plain.headers.get("content-type"),
    "text/plain; version=0.0.4; charset=utf-8",
  );
  const plainText = await plain.text();
  assert(plainText.includes("# TYPE echosounder_faults_total counter\n"));
  const accept =
    "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
  const open = await fetch(url, { headers: { accept } });
  assertEquals(
    open.headers.get("content-type"),
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
  );
  const openText = await open.text();
  assert(openText.includes("# TYPE echosounder_faults counter\n"), openText);
  assert(openText.includes("\nechosounder_faults_total{"), openText);
  assert(openText.endsWith("\n# EOF\n"), openText);
});

Deno.test("other paths and methods are told what there is", async () => {
  await using serving = startRole("tcp-server", [...LISTEN, ...METRICS]);
  await serving.listening();
  const url = await metricsUrl(serving);
  const other = await fetch(`${url}/`);
  assertEquals(
    [other.status, await other.text()],
    [404, "only /metrics and /healthz are here\n"],
  );
  const post = await fetch(`${url}/metrics`, { method: "POST" });
  assertEquals(
    [post.status, post.headers.get("allow"), await post.text()],
    [405, "GET, HEAD", "only GET and HEAD\n"],
  );
});

Deno.test("metrics are for this machine alone unless an address is given", async () => {
  await using own = startRole("udp-server", [...LISTEN, ...METRICS]);
  await own.listening();
  assert((await metricsUrl(own)).startsWith("http://127.0.0.1:"));
  await using all = startRole("udp-server", [
    ...[...LISTEN, "--json", "--metrics", "0.0.0.0:0"],
  ]);
  await all.listening();
  const url = await metricsUrl(all);
  assert(url.startsWith("http://0.0.0.0:"), url);
  await scrape(url.replace("0.0.0.0", "127.0.0.1"));
});

Deno.test("a port for metrics that is taken ends a program before it begins, with advice", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const message =
    `--metrics: cannot bind 127.0.0.1:${port}: address already in use; choose another port, or 0 for a free one\n`;
  const server = await runRole("tcp-server", [
    ...[...LISTEN, "--metrics", String(port)],
  ]);
  assertEquals(server, {
    code: 3,
    stdout: "",
    stderr: `tcp-server: ${message}`,
  });
  const client = await runRole("udp-client", [
    ...["127.0.0.1:1", "--count", "1", "--metrics", String(port)],
  ]);
  assertEquals(client, {
    code: 3,
    stdout: "",
    stderr: `udp-client: ${message}`,
  });
});

const WRONG: [args: string[], message: string][] = [
  [
    ["--metrics", "x"],
    '"x" is not a port: write 9100, 0.0.0.0:9100 or [::]:9100',
  ],
  [
    ["--metrics", ":9100"],
    '":9100" is not a port: write 9100, 0.0.0.0:9100 or [::]:9100',
  ],
  [
    ["--metrics", "::1:9100"],
    '"::1:9100" is not a port: write 9100, 0.0.0.0:9100 or [::]:9100',
  ],
  [
    ["--metrics", "70000"],
    '"70000" is not a port: write a number from 0 to 65535',
  ],
  [
    ["--metrics", "127.0.0.1:x"],
    '"x" is not a port: write a number from 0 to 65535',
  ],
];

for (const [args, message] of WRONG) {
  Deno.test(`udp-server ${args.join(" ")} is a usage error that says what is right`, async () => {
    const { code, stderr } = await runRole("udp-server", args);
    assertEquals(
      [code, stderr.split("\n")[0]],
      [2, `udp-server: --metrics: ${message}`],
    );
  });
}

Deno.test("a client that measures nothing has no metrics, and says so", async () => {
  const { code, stderr } = await runRole("tcp-client", [
    ...["127.0.0.1:1", ...METRICS],
  ]);
  assertEquals(code, 2);
  assertEquals(
    stderr.split("\n")[0],
    "tcp-client: --metrics needs something to measure: --count, --duration or --rate",
  );
});
