#!/usr/bin/env bash
. "$(dirname "$0")/../start.sh"

start_registry a
start_registry b
sed -n 's/^\([a-z].*\): "\(.*\)"$/\1 \2/p' images.yaml | while read -r name tag; do
  push "$registry_a/library/$name:$tag" "$name" linux/amd64
done
push "$registry_a/library/nginx:1.30" "nginx 1.30" linux/amd64

say "One resource copies every image of the list"
run terraform init
run terraform apply -auto-approve
expect "30 images are pinned" [ "$(terraform output -json images | grep -o '@sha256:' | wc -l)" -eq 30 ]
run terraform plan -detailed-exitcode

say "The list changes: one image newer, one image less. The other 28 are left alone"
sed -i.bak -e 's/^nginx: .*/nginx: "1.30"/' -e '/^zookeeper:/d' images.yaml
run terraform apply -auto-approve
run imagesync tags --plain-http "$registry_b/mirror/nginx"
must_fail imagesync digest --plain-http "$registry_b/mirror/zookeeper:3.9"

say "Everything is taken away again"
run terraform destroy -auto-approve

say "The tests of this configuration"
run terraform test
