run "the_plan_knows_what_will_run" {
  command = plan

  assert {
    condition     = imagesync.app.id == "${var.registry_b}/mirror/app@${imagesync.app.source_digest}"
    error_message = "The plan does not show the pinned reference: ${imagesync.app.id}."
  }
}

run "the_copy_is_whole" {
  assert {
    condition     = imagesync.app.destination_digest == imagesync.app.source_digest && imagesync.app.complete
    error_message = "The destination does not hold what the source does."
  }

  assert {
    condition     = keys(imagesync.app.platform_digests) == tolist(["linux/amd64", "linux/arm64"])
    error_message = "A platform is missing."
  }
}
