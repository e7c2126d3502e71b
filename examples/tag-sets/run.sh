#!/usr/bin/env bash
. "$(dirname "$0")/../start.sh"

start_registry a
start_registry b
for tag in 1.0.0 1.1.0 1.2.0 1.2.1 1.2.2 2.0.0-rc.1 latest; do push "$registry_a/team/app:$tag"; done
push "$registry_b/mirror/app:ours" "an image that somebody has built here"

say "Of seven tags the rule takes three"
run terraform init
run terraform apply -auto-approve
run imagesync tags --plain-http "$registry_b/mirror/app"

say "A version is published: the plan shows that one addition, and what drops out"
push "$registry_a/team/app:1.3.0"
push "$registry_a/team/app:1.3.1"
run terraform apply -auto-approve
tags=$(imagesync tags --plain-http "$registry_b/mirror/app" | sort | xargs)
expect "1.2.1 has gone, 1.2.0 is protected: $tags" [ "$tags" = "1.2.0 1.2.2 1.3.0 1.3.1 ours" ]
expect "the newest is 1.3.1" [ "$(terraform output -raw newest)" = "$registry_b/mirror/app@$(imagesync digest --plain-http "$registry_a/team/app:1.3.1")" ]

say "A destroy takes what the set has put there, and nothing else"
run terraform destroy -auto-approve
run imagesync tags --plain-http "$registry_b/mirror/app"

say "The tests of this configuration"
run terraform test
