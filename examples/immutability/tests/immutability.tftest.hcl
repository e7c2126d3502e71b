run "a_release_is_named_by_its_digest" {
  command = plan

  variables {
    release_digest = "1.0"
  }

  expect_failures = [imagesync.release, check.upstream_has_not_moved]
}

run "the_release_is_what_was_named" {
  variables {
    registry_b = var.registry_b
  }

  assert {
    condition     = imagesync.release.id == "${var.registry_b}/release/app@${var.release_digest}"
    error_message = "Not the release: ${imagesync.release.id}."
  }
}
