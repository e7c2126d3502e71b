#!/usr/bin/env bash
. "$(dirname "$0")/../start.sh"

start_registry a
start_registry b
push "$registry_a/team/app:1.0" "what was released"
released=$(imagesync digest --plain-http "$registry_a/team/app:1.0")
export TF_VAR_release_digest=$released

say "A release is copied by its digest"
run terraform init
run terraform apply -auto-approve

say "The source moves the tag: the release stays what it is, and the check says so"
push "$registry_a/team/app:1.0" "something else"
run terraform plan -detailed-exitcode
expect "the release is what it was" [ "$(imagesync digest --plain-http "$registry_b/release/app:1.0")" = "$released" ]

say "Somebody moves the tag at the destination: the plan fails instead of taking it back"
push "$registry_b/release/app:1.0" "pushed by hand"
must_fail terraform plan
by_hand=$(imagesync digest --plain-http "$registry_b/release/app:1.0")
expect "what was pushed by hand is still there, for somebody to look at" [ "$by_hand" != "$released" ]

say "Whoever has looked puts the release back"
run imagesync copy --plain-http --quiet "$registry_b/release/app@$released" "$registry_b/release/app:1.0"
run terraform plan -detailed-exitcode

say "Without a digest, a precondition refuses"
must_fail terraform plan -var release_digest=1.0

say "Second act, without Terraform: a list with a lock file"
push "$registry_a/team/app:1.1" "the next one"
sed -i.bak -e "s/registry-a/$registry_a/" -e "s/registry-b/$registry_b/" imagesync.yaml
run imagesync sync -c imagesync.yaml --plain-http --quiet
run cat images.lock.yaml

say "The tag is moved once more: an alarm with both digests, and nothing is replaced"
before=$(imagesync digest --plain-http "$registry_b/release/tool:1.0")
push "$registry_a/team/app:1.0" "moved once more"
must_fail imagesync sync -c imagesync.yaml --plain-http --quiet
expect "the tag holds what it held" [ "$(imagesync digest --plain-http "$registry_b/release/tool:1.0")" = "$before" ]

say "Whoever has looked accepts it: the lock file remembers both"
run imagesync sync -c imagesync.yaml --plain-http --quiet --on-retag accept
expect "the tag has been moved" [ "$(imagesync digest --plain-http "$registry_b/release/tool:1.0")" != "$before" ]
expect "the lock file has the digest before" grep "$before" images.lock.yaml

say "The tests of this configuration"
push "$registry_a/team/app:1.0" "what was released"
run terraform test
