/**
 * A number that no double holds exactly, kept as the decimal text in which it arrived. Terraform calculates with 512
 * bits; a provider that rounds `0.1` or a long integer is told off for an "inconsistent result".
 */
export class Decimal {
  /** Decimal digits with optional sign, fraction and exponent. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }

  /** The nearest double. */
  toNumber(): number {
    return Number(this.text);
  }
}

const decimalForm = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,6}))?$/;

/** 512 bits are 155 decimal digits; a longer text is no number that Terraform wrote. */
const maxDecimalLength = 2048;

/** Beyond these exponents no double is exact for digits that fit the length limit. */
const maxExactExponent = 400;

/** Reads a decimal number: a double where that is exact, a {@link Decimal} otherwise, undefined when it is no number. */
export function parseDecimal(text: string): number | Decimal | undefined {
  if (text.length > maxDecimalLength) return undefined;
  const match = decimalForm.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponentText = "0"] = match;
  const exponent = Number(exponentText) - fraction.length;
  if (Math.abs(exponent) > maxExactExponent) return /^0*$/.test(whole + fraction) ? 0 : new Decimal(text);
  const digits = BigInt(whole + fraction);
  const exact = exponent >= 0 ? exactInteger(digits * 10n ** BigInt(exponent)) : exactFraction(digits, -exponent);
  if (exact === undefined) return new Decimal(text);
  return sign === "-" && exact !== 0 ? -exact : exact;
}

/** The integer as a number where a double holds it, as a {@link Decimal} otherwise. */
export function numberFromInteger(integer: bigint): number | Decimal {
  const double = Number(integer);
  return BigInt(double) === integer ? double : new Decimal(integer.toString());
}

function exactInteger(integer: bigint): number | undefined {
  const double = Number(integer);
  return Number.isFinite(double) && BigInt(double) === integer ? double : undefined;
}

/** digits / 10^places is a double only where the fives cancel, which leaves digits / 2^places of 53 bits. */
function exactFraction(digits: bigint, places: number): number | undefined {
  const fives = 5n ** BigInt(places);
  if (digits % fives !== 0n) return undefined;
  const numerator = exactInteger(digits / fives);
  // Exact: with at most maxExactExponent places this stays among the normal doubles.
  return numerator === undefined ? undefined : numerator * 2 ** -places;
}
