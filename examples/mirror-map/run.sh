#!/usr/bin/env bash
. "$(dirname "$0")/../start.sh"

start_registry a
start_registry b
push "$registry_a/library/web:1.29"
push "$registry_a/library/cache:7"
push "$registry_a/library/shell:1"

say "A map of images becomes a map of pinned references"
run terraform init
run terraform apply -auto-approve
web=$(echo "module.images.images.web" | terraform console | tr -d '"')
shell=$(echo "module.tools.images.shell" | terraform console | tr -d '"')
expect "the web image can be pulled by what the module gives out" imagesync inspect --plain-http "$web"
imagesync inspect --plain-http "$shell" >shell.txt
run grep linux/arm64 shell.txt
must_fail grep linux/amd64 shell.txt

say "Everything is taken away again"
run terraform destroy -auto-approve
must_fail imagesync inspect --plain-http "$web"

say "The tests of this configuration"
run terraform test

say "The tests of the module, without any registry"
stop_registries
cd ../modules/mirror-map
run terraform init
run terraform test
