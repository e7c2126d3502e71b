import { Option } from "commander";
import { array, assert, constantFrom, oneof, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { fromGoArguments, strayValue } from "../../../cli/predecessors/go-arguments.ts";

const options = [
  new Option("-c, --config-file <file>"),
  new Option("-d, --debug [boolean]"),
  new Option("-e, --exit-on-error [boolean]"),
  new Option("-q, --quiet"),
  new Option("--prefix <text>"),
];
const read = (line: string): string => fromGoArguments(line.split(" "), options).join(" ");

describe("arguments of programs in Go", () => {
  test.each([
    ["-d", "--debug=true"],
    ["-d=false", "--debug=false"],
    ["--debug=false", "--debug=false"],
    ["-de", "--debug=true --exit-on-error=true"],
    ["-de=false", "--debug=true --exit-on-error=false"],
    ["-qd", "--quiet --debug=true"],
    ["-dc file", "--debug=true --config-file=file"],
    ["-cfile", "--config-file=file"],
    ["-c=file", "--config-file=file"],
    ["-c file", "--config-file=file"],
    ["--config-file file", "--config-file=file"],
    ["--config-file=file", "--config-file=file"],
    ["-c a=b=c", "--config-file=a=b=c"],
    ["--prefix -x", "--prefix=-x"],
  ])("are written %s", (line, expected) => {
    expect(read(line)).toBe(expected);
  });

  test("give a switch no value that stands behind it", () => {
    expect(read("--debug false")).toBe("--debug=true false");
    expect(read("-d false -e")).toBe("--debug=true false --exit-on-error=true");
  });

  test.each([
    ["--debug false", "--debug=false"],
    ["-c file -d 1", "-d=true"],
    ["-e NO", "-e=false"],
    ["-d", undefined],
    ["-d=false", undefined],
    ["-c true", undefined],
    ["-q true", undefined],
    ["-d file", undefined],
    ["-- -d false", undefined],
  ])("tell what was meant by a switch with a value behind it: %s", (line, expected) => {
    expect(strayValue(line.split(" "), options)).toBe(expected);
  });

  test.each(["-x", "--x", "-", "--", "--=", "-=", "--no-such=1", "word", "-c", "--prefix"])(
    "that nobody knows, or that are not whole, stay as they are: %s",
    (line) => {
      expect(read(line)).toBe(line === "-c" ? "--config-file" : line);
    },
  );

  test("are left alone behind --", () => {
    expect(read("-d -- -d -c file")).toBe("--debug=true -- -d -c file");
  });

  test("never are lost, whatever they are", () => {
    const word = oneof(string(), constantFrom("-d", "-e", "--debug", "-c", "--", "-dce", "false", "-d=false"));
    assert(
      property(array(word), (words) => {
        const known = fromGoArguments(words, options);
        expect(known.length).toBeGreaterThanOrEqual(words.length / 2);
        // What was read is read the same way again.
        expect(fromGoArguments(known, options)).toEqual(known);
      }),
    );
  });
});
