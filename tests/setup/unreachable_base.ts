/**
 * Compiles a program where Deno's download host is unreachable, and prints the
 * outcome: a program of its own, since it changes its environment.
 *
 * @module
 */
import { join } from "node:path";
import { compileWithDenort } from "../../tasks/compile/denort.ts";
import { TARGETS } from "../../tasks/compile/target.ts";

const [folder] = Deno.args;
// Nothing is cached there, and nothing listens at that port.
Deno.env.set("DENO_DIR", join(folder, "cache"));
Deno.env.set("HTTPS_PROXY", "http://127.0.0.1:1");
Deno.env.delete("DENORT_BIN");
try {
  await compileWithDenort(
    {
      bundle: join(folder, "program.js"),
      environment: join(folder, "role.env"),
    },
    TARGETS.linux,
    join(folder, "program"),
  );
  console.log("{}");
} catch (error) {
  const { name } = (error as Error).constructor;
  console.log(JSON.stringify({ name, message: (error as Error).message }));
}
