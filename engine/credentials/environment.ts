/**
 * Environment variables as the engine's user hands them in: `process.env`, or a record of a test. Nothing in the engine
 * reads the process's environment behind its user's back.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of a variable; an empty one counts as not set, as in every shell script. */
export function variable(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  return value === undefined || value === "" ? undefined : value;
}

/** The home directory as the environment tells it, on Windows too. */
export function homeDirectory(environment: Environment): string | undefined {
  return variable(environment, "HOME") ?? variable(environment, "USERPROFILE");
}
