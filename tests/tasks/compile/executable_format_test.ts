import { assertEquals } from "@std/assert";
import { tripleOf } from "../../../tasks/compile/executable_format.ts";
import { TARGETS } from "../../../tasks/compile/target.ts";
import { bytes } from "../../setup/bytes.ts";
import { standIn } from "../../setup/stand_in.ts";

Deno.test("tripleOf() tells the target of the Deno that runs this", () => {
  assertEquals(tripleOf(Deno.readFileSync(Deno.execPath())), Deno.build.target);
});

Deno.test("tripleOf() tells six targets apart", () => {
  const triples = Object.values(TARGETS).map(({ triple }) => triple);
  assertEquals(triples.map((triple) => tripleOf(standIn(triple))), triples);
});

Deno.test("tripleOf() knows nothing of other files, however short", () => {
  for (
    const data of ["", "M", "MZ", "#!/bin/sh\n", "\x7fELF", "x".repeat(99)]
  ) {
    assertEquals(tripleOf(bytes(data)), undefined);
  }
});
