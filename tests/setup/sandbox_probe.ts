/**
 * Tries what a role must not be able to do, and prints the outcome of each attempt.
 *
 * @module
 */
/** A program that every system has. */
const SHELL = Deno.build.os === "windows"
  ? "C:\\Windows\\System32\\cmd.exe"
  : "/bin/sh";

const attempts: Record<string, () => unknown> = {
  "read a file": () => Deno.readTextFileSync(new URL(import.meta.url)),
  "list a folder": () => [...Deno.readDirSync("/")],
  "write a file": () => Deno.writeTextFileSync("escaped", ""),
  "read the environment": () => Deno.env.get("HOME"),
  "start a program": () => new Deno.Command(SHELL).outputSync(),
  "load a library": () => Deno.dlopen("libc.so.6", {}),
  "ask for the host's name": () => Deno.hostname(),
  "use the network": () => Deno.listen({ port: 0 }).close(),
};

const outcomes = Object.entries(attempts).map(([name, attempt]) => {
  try {
    attempt();
    return [name, "done"];
  } catch (error) {
    return [name, error instanceof Error ? error.name : String(error)];
  }
});
console.log(JSON.stringify(Object.fromEntries(outcomes)));
