import { assertEquals } from "@std/assert";
import { Output } from "../../../cli/output/writer.ts";
import { until } from "../../setup/until.ts";

/** Takes bytes at once, and keeps the text of each write. */
class Sink {
  readonly texts: string[] = [];

  write(bytes: Uint8Array): Promise<number> {
    this.texts.push(new TextDecoder().decode(bytes));
    return Promise.resolve(bytes.length);
  }
}

Deno.test("Output gathers what comes after a write, and writes it together", async () => {
  const sink = new Sink();
  const output = new Output(sink, { whenFull: "drop", gather: 20 });
  output.writeLine("1");
  await until(() => sink.texts.length === 1, "the first line");
  output.writeLine("2");
  output.writeLine("3");
  await until(() => sink.texts.length === 2, "the others");
  assertEquals(sink.texts, ["1\n", "2\n3\n"]);
  await output.flush();
});

Deno.test("Output writes at once what it has gathered when the program ends", async () => {
  const sink = new Sink();
  const output = new Output(sink, { whenFull: "drop", gather: 1e9 });
  output.writeLine("1");
  await until(() => sink.texts.length === 1, "the first line");
  output.writeLine("2");
  await output.flush();
  assertEquals(sink.texts, ["1\n", "2\n"]);
  assertEquals(output.dropped, 0);
});
