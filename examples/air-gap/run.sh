#!/usr/bin/env bash
. "$(dirname "$0")/../start.sh"

start_registry a
start_registry b
sed -i.bak "s/registry-a/$registry_a/" outside.yaml
sed -i.bak "s/registry-b/$registry_b/" inside.yaml
push "$registry_a/team/app:1.0"

say "The outer side writes the stick: a directory with an OCI layout"
run imagesync sync -c outside.yaml --quiet
run ls stick/team/app
run imagesync inspect --verify oci:stick/team/app:1.0

say "The stick is carried, and the inner side reads it"
run imagesync sync -c inside.yaml --quiet
outer=$(imagesync digest --plain-http "$registry_a/team/app:1.0")
inner=$(imagesync digest --plain-http "$registry_b/mirror/team/app:1.0")
expect "the digest is the same on both sides" [ "$outer" = "$inner" ]

say "The next time only what is new is written, on both sides"
push "$registry_a/team/app:1.1"
before=$(find stick -path '*/blobs/*' -type f | wc -l)
run imagesync plan -c outside.yaml
run imagesync sync -c outside.yaml --quiet
new=$(($(find stick -path '*/blobs/*' -type f | wc -l) - before))
expect "for two platforms two layers, two configurations, two manifests, and an index: $new files" [ "$new" -eq 7 ]
run imagesync plan -c inside.yaml
run imagesync sync -c inside.yaml --quiet

say "One file does it too, such as for a gateway that examines files"
run imagesync copy --quiet --src-plain-http "$registry_a/team/app:1.0" oci-archive:images.tar:app-1.0
run imagesync copy --quiet --src-plain-http "$registry_a/team/app:1.1" oci-archive:images.tar:app-1.1
run imagesync copy --quiet --dest-plain-http oci-archive:images.tar:app-1.1 "$registry_b/archive/app:1.1"
must_fail imagesync inspect oci-archive:images.tar:app-2.0

say "Terraform on the inner side"
run terraform init
run terraform apply -auto-approve -var app_version=1.1
expect "it runs what has left the outer side" [ "$(terraform output -raw image)" = "$registry_b/web/app@$(imagesync digest --plain-http "$registry_a/team/app:1.1")" ]
run terraform destroy -auto-approve

say "The tests of this configuration"
run terraform test
