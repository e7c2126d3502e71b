#!/usr/bin/env bash
. "$(dirname "$0")/../start.sh"

# In a checkout of the project the packages are there; elsewhere npm gets them.
project=$examples/..
if [ -d "$project/dist/npm/imagesync" ] && [ -d "$project/node_modules/cdktf" ]; then
  PATH=$project/node_modules/.bin:$PATH
  mkdir node_modules
  for name in cdktf constructs @cdktf; do ln -s "$project/node_modules/$name" node_modules/; done
  ln -s "$project/dist/npm/imagesync" node_modules/imagesync
else
  run npm install
fi

must_not_find() {
  ! grep -F "$1" "$2"
}

start_registry a
start_registry b
for image in library/busybox:1.37 library/nginx:1.27 library/nginx:1.28 acme/tool:2; do
  push "$registry_a/$image"
done

say "The program is run, and writes what Terraform reads"
export UPSTREAM=$registry_a REGISTRY=$registry_b PLAIN_HTTP=true
run node main.ts
synthesised=cdktf.out/stacks/web/cdk.tf.json
expect "the Deployment runs what is mirrored" grep -F '"image": "${imagesync.mirror-nginx' "$synthesised"
expect "no Deployment runs an image from where images come from" must_not_find "\"image\": \"$registry_a" "$synthesised"

say "The provider of Kubernetes has to be downloaded, and wants a cluster: what is its own is taken out here"
node - "$synthesised" <<'END'
const { readFileSync, writeFileSync } = require("node:fs");
const [, , file] = process.argv;
const { resource, provider, terraform, ...rest } = JSON.parse(readFileSync(file, "utf8"));
const ours = (types) => Object.fromEntries(Object.entries(types).filter(([name]) => name.startsWith("imagesync")));
const required_providers = ours(terraform.required_providers);
const kept = { ...rest, terraform: { ...terraform, required_providers }, provider: ours(provider), resource: ours(resource) };
writeFileSync(file, JSON.stringify(kept));
END
cd cdktf.out/stacks/web
run terraform init
run terraform apply -auto-approve
run imagesync inspect --plain-http "$registry_b/mirror/library/nginx:1.27"
expect "the newest nginx is pinned" [ "$(terraform output -raw newest_nginx)" = "$registry_b/versions/library/nginx@$(imagesync digest --plain-http "$registry_a/library/nginx:1.28")" ]

say "Everything is taken away again"
run terraform destroy -auto-approve
