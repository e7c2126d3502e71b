#!/usr/bin/env bash
. "$(dirname "$0")/../start.sh"

start_registry a
start_registry b
push "$registry_a/team/app:1" "first edition"

say "The image is copied, and pinned by its digest"
run terraform init
run terraform apply -auto-approve
first=$(terraform output -raw image)
expect "the second registry has it" imagesync inspect --plain-http "$first"

say "There is nothing to do now"
run terraform plan -detailed-exitcode

say "Somebody pushes another image under the same tag: the copy follows"
push "$registry_a/team/app:1" "second edition"
run terraform apply -auto-approve
second=$(terraform output -raw image)
expect "the digest is another one" [ "$first" != "$second" ]
expect "what runs by the first digest can still be pulled" imagesync inspect --plain-http "$first"

say "The copy is taken away again, the source stays"
run terraform destroy -auto-approve
must_fail imagesync digest --plain-http "$registry_b/mirror/app:1"
expect "the source is still there" imagesync inspect --plain-http "$registry_a/team/app:1"

say "The tests of this configuration, which copy for themselves"
run terraform test
