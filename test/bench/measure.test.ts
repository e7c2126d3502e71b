import { expect, test } from "vitest";
import { measure } from "../../bench/measure.ts";

const env = { PATH: process.env["PATH"] };

test("a command that uses memory and time is seen to use them", async () => {
  const script = "const kept = Buffer.alloc(120e6, 1); for (let n = 0, x = kept[0]; n < 3e7; n += 1) x += n;";
  const cost = await measure([process.execPath, "-e", script], env);
  expect(cost.peak).toBeGreaterThan(120);
  expect(cost.cpu).toBeGreaterThan(0);
  expect(cost.wall).toBeGreaterThan(0);
});

test("processes that the command starts are counted too", async () => {
  const script = `"$0" -e 'Buffer.alloc(120e6, 1)'; true`;
  const cost = await measure(["bash", "-c", script, process.execPath], env);
  expect(cost.peak).toBeGreaterThan(120);
});

test("a command that fails is reported with its code and its last words", async () => {
  await expect(measure(["bash", "-c", "echo no such image >&2; exit 3"], env)).rejects.toThrow(
    /exit code 3[\s\S]*no such image/,
  );
});

test("arguments reach the command unchanged", async () => {
  const argument = `a b "c" $HOME 'd'`;
  await expect(measure(["bash", "-c", `echo "$0" >&2; exit 1`, argument], env)).rejects.toThrow(argument);
});
