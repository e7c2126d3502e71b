run "every_image_is_pinned_in_the_mirror" {
  assert {
    condition     = alltrue([for image in values(output.images) : can(regex("^${var.registry_b}/.*@sha256:[0-9a-f]{64}$", image))])
    error_message = "An image is not pinned, or is somewhere else."
  }

  assert {
    condition     = output.images.web == "${var.registry_b}/mirror/${replace(var.registry_a, ":", "-")}/library/web@${module.images.digests.web}"
    error_message = "The web image is not the one that the source has."
  }
}
