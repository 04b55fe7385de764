/**
 * The manifests in `deploy/kubernetes/`, held against the schemas that Kubernetes
 * publishes, as `kubernetes-models` has them: values by its validators, names of
 * fields by its types, which know no others.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "@std/yaml/parse";
import { DaemonSet, type IDaemonSet } from "kubernetes-models/apps/v1";
import { parseCommandLine } from "../../cli/command_line/parse.ts";
import { ROLES } from "../../cli/roles.ts";
import { ROOT, TestProcess } from "../setup/process.ts";

const FILE = `${ROOT}deploy/kubernetes/mesh.yaml`;

async function manifests(): Promise<IDaemonSet[]> {
  const documents = (await Deno.readTextFile(FILE)).split(/^---$/m);
  return documents.map((text) => parse(text) as IDaemonSet);
}

/** What the compiler finds wrong with the fields of manifests. */
async function faultsOf(manifests: unknown[]): Promise<string> {
  const folder = await Deno.makeTempDir({ dir: `${ROOT}tests/deploy` });
  try {
    const file = `${folder}/manifests.ts`;
    await Deno.writeTextFile(
      file,
      'import type { IDaemonSet } from "kubernetes-models/apps/v1";\n' +
        manifests.map((manifest, i) =>
          `export const manifest${i}: IDaemonSet = ${
            JSON.stringify(manifest)
          };\n`
        ).join(""),
    );
    await using check = new TestProcess([
      ...[Deno.execPath(), "check", "--quiet", "--config=tests/deno.json"],
      ...["--lock=deno.lock", "--frozen", file],
    ]);
    const { code, stderr } = await check.outcome();
    return code === 0 ? "" : stderr;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the manifests for Kubernetes are what its schemas ask for", async () => {
  const all = await manifests();
  assertEquals(all.map(({ metadata }) => metadata?.name), [
    "echosounder-server",
    "echosounder-probe",
  ]);
  for (const manifest of all) {
    assertEquals([manifest.apiVersion, manifest.kind], [
      "apps/v1",
      "DaemonSet",
    ]);
    new DaemonSet(manifest).validate();
  }
  assertEquals(await faultsOf(all), "");
});

Deno.test("a misspelt field of a manifest is found, and a wrong value", async () => {
  const text = await Deno.readTextFile(FILE);
  const [misspelt] = text.replace("readOnlyRootFilesystem", "readOnlyRootFs")
    .split(/^---$/m);
  assertStringIncludes(await faultsOf([parse(misspelt)]), "readOnlyRootFs");
  const [wrong] = text.replace("runAsUser: 65532", "runAsUser: nobody")
    .split(/^---$/m);
  let message = "";
  try {
    new DaemonSet(parse(wrong) as IDaemonSet).validate();
  } catch (error) {
    message = (error as Error).message;
  }
  assertStringIncludes(message, "runAsUser must be integer");
});

Deno.test("every container of the manifests may use the network and nothing else", async () => {
  for (const { spec } of await manifests()) {
    const pod = spec!.template.spec!;
    assertEquals(pod.automountServiceAccountToken, false);
    assertEquals(pod.securityContext, {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      seccompProfile: { type: "RuntimeDefault" },
    });
    assertEquals([pod.volumes, pod.hostNetwork, pod.hostPID], [
      undefined,
      undefined,
      undefined,
    ]);
    for (const { securityContext } of pod.containers) {
      assertEquals(securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
  }
});

Deno.test("the command line of each container is what its program takes, and its metrics are on the port that is checked", async () => {
  const containers = (await manifests()).flatMap(({ spec }) =>
    spec!.template.spec!.containers
  );
  assertEquals(containers.map(({ name }) => name), [
    "udp-server",
    "tcp-server",
    "udp-client",
  ]);
  for (const { name, image, args = [], ports = [], ...rest } of containers) {
    const definition = ROLES.find(({ role }) => role === name)!;
    assert(image!.includes(`/${name}:`), image);
    const { problem, options } = parseCommandLine(definition, args);
    assertEquals(problem, undefined, args.join(" "));
    const { metrics } = options as { metrics?: unknown };
    const checked = rest.readinessProbe!.httpGet!.port;
    const { containerPort } = ports.find((port) => port.name === checked)!;
    assertEquals(metrics, { hostname: "0.0.0.0", port: containerPort });
  }
});
