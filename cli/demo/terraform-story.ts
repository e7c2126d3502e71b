import type { Narrator } from "./narrator.ts";
import type { Stage } from "./stage.ts";
import { providerAddress, type Terraform } from "./terraform.ts";

/** How `terraform plan -detailed-exitcode` says that there is something to do. */
const changesPending = 2;

/** The life of one resource under the real terraform. */
export async function tellTerraformStory(
  stage: Stage,
  terraform: Terraform,
  narrator: Narrator,
  keep: boolean,
): Promise<void> {
  const { name } = terraform;
  await terraform.prepare(configurationFor(stage));

  narrator.step(`${name} apply copies the image and pins it`);
  narrator.quote(resourceBlock(stage));
  stage.resetCost();
  await terraform.run(["plan", "-no-color", "-out=plan"]).then(({ output }) => narrator.quote(excerpt(output)));
  const { output: applied } = await terraform.run(["apply", "-no-color", "plan"]);
  narrator.quote(excerpt(applied));
  narrator.remark(`plan and apply: ${stage.cost()}`);
  const { digest } = stage.image.index;
  confirm(applied.includes(digest), "the id holds the digest of the source", narrator);
  confirm((await stage.destinationDigest()) === digest, "and so does the tag at the destination", narrator);

  narrator.step("Somebody deletes the tag at the destination");
  await stage.deleteDestinationTag();
  narrator.say(`DELETE ${stage.destination}`);

  narrator.step(`${name} plan detects it`);
  stage.resetCost();
  const detected = await terraform.run(["plan", "-no-color", "-detailed-exitcode"], [0, changesPending]);
  narrator.quote(excerpt(detected.output));
  narrator.remark(stage.cost());
  confirm(detected.code === changesPending, `exit code ${detected.code}: there is something to do`, narrator);

  narrator.step(`${name} apply heals it`);
  stage.resetCost();
  const healed = await terraform.run(["apply", "-no-color", "-auto-approve"]);
  narrator.quote(outcome(healed.output));
  narrator.remark(stage.cost());
  confirm((await stage.destinationDigest()) === digest, "the tag is back and holds the same digest", narrator);

  narrator.step(`${name} plan finds nothing left to do`);
  stage.resetCost();
  const second = await terraform.run(["plan", "-no-color", "-detailed-exitcode"], [0, changesPending]);
  narrator.quote(excerpt(second.output));
  narrator.remark(stage.cost());
  confirm(second.code === 0, `exit code ${second.code}`, narrator);

  if (keep) return;
  narrator.step(`${name} destroy takes the tag away`);
  stage.resetCost();
  const destroyed = await terraform.run(["destroy", "-no-color", "-auto-approve"]);
  narrator.quote(outcome(destroyed.output));
  narrator.remark(stage.cost());
  confirm((await stage.destinationDigest()) === undefined, "the tag is gone", narrator);
}

function configurationFor(stage: Stage): string {
  return `terraform {
  required_providers {
    imagesync = { source = "${providerAddress}" }
  }
}

provider "imagesync" {
  registry {
    address    = "${stage.sourceHost}"
    plain_http = true
  }
  registry {
    address    = "${stage.destinationHost}"
    plain_http = true
  }
}

${resourceBlock(stage).join("\n")}

output "image" {
  value = imagesync.web.id
}
`;
}

function resourceBlock({ source, destination }: Stage): string[] {
  return ['resource "imagesync" "web" {', `  source      = "${source}"`, `  destination = "${destination}"`, "}"];
}

/** What matters of terraform's output, each line as it was printed. */
const ofPlan = [/^ {2}# imagesync\./, /^ +[-+~] id +=/, /^Plan: /, /^No changes\./];
const ofOutcome = [/^(?:Apply|Destroy) complete!/, /^image = /];

function excerpt(output: string): string[] {
  return output.split("\n").filter((line) => [...ofPlan, ...ofOutcome].some((pattern) => pattern.test(line)));
}

function outcome(output: string): string[] {
  return output.split("\n").filter((line) => ofOutcome.some((pattern) => pattern.test(line)));
}

function confirm(happened: boolean, what: string, narrator: Narrator): void {
  if (happened) narrator.praise(what);
  else throw new Error(`The demo expected otherwise: ${what}`);
}
