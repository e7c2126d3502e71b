#!/usr/bin/env bash
. "$(dirname "$0")/../start.sh"

start_registry a
start_registry b
push "$registry_a/team/app:1" "first edition"
push "$registry_a/team/app:2" "the neighbour"

# Every manifest and every layer is asked for; it fails when one of them is missing.
whole() {
  imagesync inspect --plain-http --verify "$1"
}

say "Two images in one repository, with a layer that both need"
run terraform init
run terraform apply -auto-approve
first=$(terraform output -raw app)
neighbour=$(terraform output -raw neighbour)

say "Updates: what runs by the digest before keeps pulling, what is older goes"
push "$registry_a/team/app:1" "second edition"
run terraform apply -auto-approve
second=$(terraform output -raw app)
expect "the first edition can still be pulled, whole" whole "$first"
push "$registry_a/team/app:1" "third edition"
run terraform apply -auto-approve
expect "the second edition can still be pulled, whole" whole "$second"
must_fail imagesync inspect --plain-http "$first"
expect "the neighbour is whole" whole "$neighbour"

say "One of the two is destroyed, with all its editions"
run terraform destroy -auto-approve -target imagesync.app
must_fail imagesync inspect --plain-http "$registry_b/mirror/app:1"
must_fail imagesync inspect --plain-http "$second"
run imagesync inspect --plain-http --verify "$registry_b/mirror/app:2"
run imagesync copy --plain-http "$neighbour" "$registry_b/elsewhere/app:2"
expect "the copy of the neighbour is whole" whole "$registry_b/elsewhere/app:2"

say "A tag that somebody has moved is not ours to delete"
push "$registry_b/mirror/app:2" "pushed by hand"
run terraform destroy -auto-approve -refresh=false -target imagesync.neighbour
expect "what was pushed by hand is whole" whole "$registry_b/mirror/app:2"

say "What is retained stays when its resource goes"
run terraform destroy -auto-approve
expect "the archive has its image, whole" whole "$registry_b/archive/app:1"

say "The tests of this configuration"
run terraform test
