#!/usr/bin/env bash
. "$(dirname "$0")/../start.sh"

start_registry a
start_registry b
for image in nginx:1.28 nginx:1.29 redis:6.2.6 redis:7.2.9 redis:7.4.1 redis:8.0.0; do
  push "$registry_a/library/$image"
done
sed -i.bak -e "s/registry-a/$registry_a/" -e "s/registry-b/$registry_b/" imagesync.yaml replicant.yaml
tags_at_b() {
  imagesync tags --plain-http "$registry_b/$1" | sort | xargs
}

say "Our own file: a plan says what would be done and what it costs, a sync does it"
run imagesync plan -c imagesync.yaml
run imagesync sync -c imagesync.yaml --metrics-file metrics.prom
expect "nginx has both tags" [ "$(tags_at_b ours/nginx)" = "1.29 stable" ]
expect "of redis there are the two highest" [ "$(tags_at_b ours/redis)" = "7.4.1 8.0.0" ]
expect "metrics for Prometheus" grep -F imagesync_tasks_total metrics.prom
run imagesync plan -c imagesync.yaml --detailed-exitcode

say "A new version comes, the lowest of the two before it goes"
push "$registry_a/library/redis:8.0.1"
run imagesync sync -c imagesync.yaml --quiet
expect "still the two highest" [ "$(tags_at_b ours/redis)" = "8.0.0 8.0.1" ]

say "A file of replicant, by replicant's own command line"
run imagesync replicant --config-file replicant.yaml --plain-http --quiet
expect "every version of redis 7" [ "$(tags_at_b replicant/redis)" = "7.2.9 7.4.1" ]
expect "the highest nginx" [ "$(tags_at_b replicant/nginx)" = "1.29" ]
run imagesync plan -c replicant.yaml --plain-http --detailed-exitcode

say "A list of Kyma's image-syncer, as a file of ours and as a configuration of Terraform"
run imagesync convert kyma.yaml
mkdir terraform
run imagesync convert --to terraform kyma.yaml --output-file terraform/kyma.tf
run terraform -chdir=terraform init
run terraform -chdir=terraform validate

say "The file of replicant in our own words selects the same"
run imagesync convert replicant.yaml --output-file converted.yaml
run imagesync plan -c converted.yaml --plain-http --detailed-exitcode
