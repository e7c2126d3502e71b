#!/usr/bin/env bash
. "$(dirname "$0")/../start.sh"

start_registry a
start_registry b
push "$registry_a/library/nginx:1.29" "nginx 1.29.0"

# The provider of Kubernetes has to be downloaded, which an example that runs anywhere cannot do. WITH_KUBERNETES=1 does.
if [ -n "${WITH_KUBERNETES:-}" ]; then
  say "The Deployment in Terraform, with Kubernetes mocked"
  run terraform init
  run terraform validate
  run terraform test -filter=tests/deployment.tftest.hcl
else
  say "deployment.tf is set aside, as it needs the provider of Kubernetes: WITH_KUBERNETES=1 ./run.sh plans it too"
fi
mkdir aside
mv deployment.tf tests/deployment.tftest.hcl aside

say "The image is mirrored, and the Deployment runs it by its digest"
run terraform init
run terraform apply -auto-approve
terraform output -raw manifest >deployment.yaml
expect "the manifest runs the pinned image" grep -F "$registry_b/mirror/nginx@sha256:" deployment.yaml

say "The tag moves: the plan shows the roll-out, and the image that still runs stays where it is"
old=$(echo imagesync.web.id | terraform console | tr -d '"')
push "$registry_a/library/nginx:1.29" "nginx 1.29.1"
run terraform apply -auto-approve
run terraform output -raw manifest
terraform output -raw manifest >deployment.yaml
must_fail grep -F "$old" deployment.yaml
expect "nodes can still pull the old one" imagesync inspect --plain-http "$old"

say "Everything is taken away again"
run terraform destroy -auto-approve

say "The tests of this configuration"
run terraform test
