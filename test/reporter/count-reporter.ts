import type { Reporter, TestModule } from "vitest/node";

/**
 * Prints `N passed, N failed, N skipped` as the very last line, the form that continuous integration counts; before it
 * the tests that passed only when they were tried again, each with what it said first: they want mending.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0;
    let failed = errors.length;
    let skipped = 0;
    const unsteady: string[] = [];
    for (const module of modules) {
      if (module.state() === "failed" && [...module.children.allTests()].length === 0) failed += 1;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (test.diagnostic()?.flaky === true) {
          const [first] = test.result().errors ?? [];
          unsteady.push(
            `${module.relativeModuleId} > ${test.fullName}: ${first?.message.split("\n", 1)[0] ?? "no word of why"}`,
          );
        }
        if (state === "passed") passed += 1;
        else if (state === "failed") failed += 1;
        else skipped += 1;
      }
    }
    process.once("exit", () => {
      for (const line of unsteady) process.stdout.write(`passed at the second try only: ${line}\n`);
      process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
    });
  }
}
