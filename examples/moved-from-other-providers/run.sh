#!/usr/bin/env bash
. "$(dirname "$0")/../start.sh"

start_registry a
start_registry b
for image in nginx:1.27 redis:8.0 busybox:1.37; do
  push "$registry_a/library/$image" "$image"
  push "$registry_b/mirror/$image" "$image"
done

# What the other providers have left, with the addresses and digests of this run.
digest_at_a() {
  imagesync digest --plain-http "$registry_a/library/$1"
}
sed -e "s/REGISTRY_A/$registry_a/g" -e "s/REGISTRY_B/$registry_b/g" \
  -e "s/DIGEST_OF_NGINX/$(digest_at_a nginx:1.27)/g" -e "s/DIGEST_OF_REDIS/$(digest_at_a redis:8.0)/g" \
  -e "s/DIGEST_OF_BUSYBOX/$(digest_at_a busybox:1.37)/g" state-of-the-others.json >terraform.tfstate
run terraform state list

say "The other providers are not at hand: their objects are given to this one, in the state alone"
for provider in bsquare-corp/skopeo2 adam-tylr/crane kreuzwerker/docker; do
  run terraform state replace-provider -auto-approve "$provider" imagesync/imagesync
done

say "The moved blocks make them resources of this one: nothing to add, nothing to destroy"
run terraform init
run terraform plan -out=saved.plan
expect "one change, the source that the docker provider did not know" \
  grep -F "Plan: 0 to add, 1 to change, 0 to destroy." <(terraform show -no-color saved.plan)
run terraform apply saved.plan
run terraform state list
run terraform plan -detailed-exitcode
expect "nginx is what it was" [ "$(imagesync digest --plain-http "$registry_b/mirror/nginx:1.27")" = "$(digest_at_a nginx:1.27)" ]

say "Each is destroyed as it was agreed: what was kept by the other provider stays"
run terraform destroy -auto-approve
must_fail imagesync digest --plain-http "$registry_b/mirror/nginx:1.27"
run imagesync digest --plain-http "$registry_b/mirror/redis:8.0"
run imagesync digest --plain-http "$registry_b/mirror/busybox:1.37"

say "The tests of this configuration"
run terraform test
