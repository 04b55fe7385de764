/**
 * A program that is made like the roles, and shows what its launcher gives it.
 *
 * @module
 */
const [command, ...rest] = Deno.args;

switch (command) {
  case "arguments":
    console.log(JSON.stringify(rest));
    break;
  case "exit":
    Deno.exit(Number(rest[0]));
    break;
  case "copy":
    console.error("to the end");
    await Deno.stdin.readable.pipeTo(Deno.stdout.writable);
    break;
  case "wait":
    console.log("waiting");
    setInterval(() => {}, 60_000);
    break;
}
